#include "api/definitions/desk.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/audit/note.h"
#include "api/definitions/effective.h"
#include "api/json/writer.h"
#include "api/schedules/schedule_output.h"
#include "base/await.h"
#include "engine/rule.h"

namespace schedules::api {
namespace {

constexpr size_t kPage = 1'000;

// Two schedules are the same if they are shown the same.
std::string shown(const Schedule& schedule) {
  std::string text;
  append_schedule(text, schedule);
  return text;
}

Result<std::optional<Schedule>> find_by_name(Schedules& schedules, const std::string& name) {
  ScheduleFilter filter{.name_contains = name, .limit = kPage};
  while (true) {
    auto page = await<std::vector<Schedule>>([&](auto done) { schedules.find(filter, std::move(done)); });
    if (!page) return fail(page.error());
    for (auto& schedule : *page) {
      if (schedule.name == name) return std::optional(std::move(schedule));
    }
    if (page->size() < kPage) return std::optional<Schedule>();
    filter.skip += kPage;
  }
}

Result<std::optional<Schedule>> find_schedule(Schedules& schedules, const StoredDefinition& definition) {
  if (!definition.schedule_id.empty()) {
    auto found =
        await<std::optional<Schedule>>([&](auto done) { schedules.get(definition.schedule_id, std::move(done)); });
    if (!found || *found) return found;
  }
  return find_by_name(schedules, definition.event_name);
}

enum class Applied : uint8_t { created, updated, unchanged };

/// Who applies it, and when.
struct Applier {
  Actor actor{.name = std::string(kDefinitionActor), .role = std::string(kSystemRole)};
  TimePoint now;
};

// Makes the schedule what the definition says; notes its id in the definition.
Result<Applied> apply(Schedules& schedules, StoredDefinition& definition, const Applier& by) {
  auto found = find_schedule(schedules, definition);
  if (!found) return fail(found.error());
  if (!*found) {
    definition.schedule_id.clear();
    if (!is_active(definition)) return Applied::unchanged;
    Schedule schedule;
    if (auto shaped = shape(definition, true, schedule); !shaped) return fail(shaped.error());
    schedule.audit = schedule_note(by.actor, "create", nullptr, &schedule, by.now);
    auto created = await<Schedule>([&](auto done) { schedules.create(std::move(schedule), std::move(done)); });
    if (!created) return fail(created.error());
    definition.schedule_id = created->id;
    return Applied::created;
  }
  const Schedule& stored = **found;
  if (stored.owner != definition.module_name) {
    return fail_field(Code::already_exists, "name", "the name {} is taken by {}", definition.event_name,
                      stored.owner.empty() ? "a schedule that was made by hand" : "a schedule of " + stored.owner);
  }
  definition.schedule_id = stored.id;
  Schedule wanted = stored;
  if (auto shaped = shape(definition, false, wanted); !shaped) return fail(shaped.error());
  if (shown(wanted) == shown(stored)) return Applied::unchanged;
  auto edited = await<Schedule>([&](auto done) {
    schedules.edit(
        stored.id, std::nullopt,
        [definition, by](Schedule& schedule) -> Status {
          const Schedule before = schedule;
          if (auto shaped = shape(definition, false, schedule); !shaped) return shaped;
          schedule.audit = schedule_note(by.actor, "update", &before, &schedule, by.now);
          return {};
        },
        std::move(done));
  });
  if (!edited) return fail(edited.error());
  return Applied::updated;
}

std::string overrides_of(const StoredDefinition& definition) {
  std::string text;
  json::Writer out(text);
  out.open('{').key("manual_payload_override").raw(definition.manual_payload.value_or("null"));
  out.field("manual_cron_override", definition.manual_cron);
  const auto& status = definition.manual_status;
  out.field("manual_status_override", status ? std::optional(to_string(*status)) : std::nullopt).close('}');
  return text;
}

AuditNote override_note(const Actor& by, const StoredDefinition& before, const StoredDefinition& after, TimePoint now) {
  auto changes = changes_between(overrides_of(before), overrides_of(after));
  if (changes == "{}") return nullptr;
  return std::make_shared<const AuditEntry>(sealed({.id = {},
                                                    .at = now,
                                                    .actor = by,
                                                    .kind = "definition",
                                                    .object_id = before.class_name,
                                                    .object_name = before.event_name,
                                                    .action = "override",
                                                    .changes = std::move(changes)}));
}

bool is_store_down(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::disk_full || error.code == Code::io_error ||
         error.code == Code::shutting_down;
}

}  // namespace

// One run of sync().
class DefinitionDesk::Sync {
 public:
  Sync(DefinitionDesk& desk, DefinitionFiles declared) : desk_(desk), declared_(std::move(declared)) {}

  Result<SyncReport> run() {
    for (const auto& fault : declared_.faults) report_.faults.push_back(fault.detail);
    auto listed = await<std::vector<StoredDefinition>>([&](auto done) { desk_.store_.list("", std::move(done)); });
    if (!listed) return fail(listed.error());
    for (auto& one : *listed) stored_.emplace(one.class_name, std::move(one));
    if (auto dropped = drop_renamed(); !dropped) return fail(dropped.error());
    if (auto stored = store(records()); !stored) return fail(stored.error());
    for (auto& definition : current_) {
      if (auto applied = apply_one(definition); !applied) return fail(applied.error());
    }
    // The ids and errors that applying brought.
    for (auto& definition : current_) definition.updated_at = desk_.clock_.wall();
    if (auto stored = store(std::exchange(current_, {})); !stored) return fail(stored.error());
    return std::move(report_);
  }

 private:
  // A class that got another name keeps its event name, which is unique: the old record has to go first.
  Status drop_renamed() {
    std::set<std::string> classes;
    std::map<std::string, std::string> class_of;
    for (const auto& one : declared_.definitions) {
      classes.insert(one.class_name);
      class_of[one.name] = one.class_name;
    }
    for (auto at = stored_.begin(); at != stored_.end();) {
      const auto& old = at->second;
      const auto renamed = class_of.find(old.event_name);
      if (renamed == class_of.end() || renamed->second == old.class_name || classes.contains(old.class_name)) {
        ++at;
        continue;
      }
      auto dropped = await<bool>([&](auto done) { desk_.store_.drop_definition(old.class_name, std::move(done)); });
      if (!dropped) return fail(dropped.error());
      inherited_[old.event_name] = old.schedule_id;
      at = stored_.erase(at);
    }
    return {};
  }

  std::vector<StoredDefinition> records() {
    std::vector<StoredDefinition> out;
    std::set<std::string> modules;
    std::set<std::string> classes;
    const TimePoint now = desk_.clock_.wall();
    for (const auto& declared : declared_.definitions) {
      auto record = record_of(declared);
      modules.insert(record.module_name);
      classes.insert(record.class_name);
      if (const auto known = stored_.find(record.class_name); known != stored_.end()) {
        record.schedule_id = known->second.schedule_id;
      } else if (const auto heir = inherited_.find(record.event_name); heir != inherited_.end()) {
        record.schedule_id = heir->second;
      }
      record.last_sync_at = now;
      record.updated_at = now;
      out.push_back(std::move(record));
    }
    if (!declared_.faults.empty()) return out;
    for (const auto& [class_name, known] : stored_) {
      if (classes.contains(class_name) || !modules.contains(known.module_name)) continue;
      auto orphan = known;
      if (orphan.last_error != kRemoved) ++report_.disabled;
      orphan.status = DefinitionStatus::disabled;
      orphan.last_error = kRemoved;
      orphan.updated_at = now;
      out.push_back(std::move(orphan));
    }
    return out;
  }

  Status store(std::vector<StoredDefinition> records) {
    if (records.empty()) return {};
    auto stored = await<std::vector<StoredDefinition>>(
        [&](auto done) { desk_.store_.upsert(std::move(records), std::move(done)); });
    if (!stored) return fail(stored.error());
    current_ = std::move(*stored);
    return {};
  }

  Status apply_one(StoredDefinition& definition) {
    if (desk_.stopping_) return fail(Code::shutting_down, "the scheduler is stopping");
    const auto applied = apply(desk_.schedules_, definition, {.now = desk_.clock_.wall()});
    const bool removed = definition.last_error == kRemoved;
    if (!applied) {
      if (is_store_down(applied.error())) return fail(applied.error());
      report_.faults.push_back(fmt::format("{}: {}", definition.event_name, applied.error().detail));
      if (!removed) definition.last_error = applied.error().detail;
      return {};
    }
    if (removed) return {};
    definition.last_error.reset();
    report_.created += *applied == Applied::created ? 1 : 0;
    report_.updated += *applied == Applied::updated ? 1 : 0;
    report_.unchanged += *applied == Applied::unchanged ? 1 : 0;
    return {};
  }

  DefinitionDesk& desk_;
  DefinitionFiles declared_;
  std::map<std::string, StoredDefinition> stored_;  ///< by class
  std::map<std::string, std::string> inherited_;    ///< schedule ids of renamed classes, by event name
  std::vector<StoredDefinition> current_;
  SyncReport report_;
};

DefinitionDesk::DefinitionDesk(DefinitionStore& store, Schedules& schedules, const Clock& clock, bool cron_seconds_last)
    : store_(store),
      schedules_(schedules),
      clock_(clock),
      cron_seconds_last_(cron_seconds_last),
      work_(thread_executor("definitions")) {}

DefinitionDesk::~DefinitionDesk() {
  stopping_ = true;
  work_.reset();
}

void DefinitionDesk::sync(DefinitionFiles declared, Done<SyncReport> done) {
  work_->post([this, declared = std::move(declared), done = std::move(done)]() mutable {
    auto report = Sync(*this, std::move(declared)).run();
    if (report) {
      const std::scoped_lock lock(mutex_);
      faults_ = report->faults;
    }
    done(std::move(report));
  });
}

void DefinitionDesk::list(std::string module_name, Done<std::vector<DefinitionView>> done) {
  work_->post([this, module_name = std::move(module_name), done = std::move(done)]() mutable {
    auto listed = await<std::vector<StoredDefinition>>([&](auto next) { store_.list(module_name, std::move(next)); });
    if (!listed) return done(fail(listed.error()));
    std::vector<DefinitionView> views;
    for (auto& definition : *listed) {
      DefinitionView view{std::move(definition), std::nullopt};
      if (!view.definition.schedule_id.empty()) {
        auto found = await<std::optional<Schedule>>(
            [&](auto next) { schedules_.get(view.definition.schedule_id, std::move(next)); });
        if (!found) return done(fail(found.error()));
        view.schedule = std::move(*found);
      }
      views.push_back(std::move(view));
    }
    done(std::move(views));
  });
}

void DefinitionDesk::get(std::string name, Done<DefinitionView> done) {
  work_->post([this, name = std::move(name), done = std::move(done)]() mutable {
    auto found =
        await<std::optional<StoredDefinition>>([&](auto next) { store_.get_definition(name, std::move(next)); });
    if (!found) return done(fail(found.error()));
    if (!*found) return done(fail(Code::not_found, "there is no definition {}", name));
    DefinitionView view{std::move(**found), std::nullopt};
    auto schedule = find_schedule(schedules_, view.definition);
    if (!schedule) return done(fail(schedule.error()));
    if (*schedule && (*schedule)->owner == view.definition.module_name) view.schedule = std::move(*schedule);
    done(std::move(view));
  });
}

void DefinitionDesk::set_overrides(std::string name, DefinitionOverrides overrides, Actor by,
                                   Done<DefinitionView> done) {
  work_->post([this, name = std::move(name), overrides = std::move(overrides), by = std::move(by),
               done = std::move(done)]() mutable {
    auto found =
        await<std::optional<StoredDefinition>>([&](auto next) { store_.get_definition(name, std::move(next)); });
    if (!found) return done(fail(found.error()));
    if (!*found) return done(fail(Code::not_found, "there is no definition {}", name));
    overrides.at = clock_.wall();
    StoredDefinition tried = **found;
    if (overrides.payload) tried.manual_payload = *overrides.payload;
    if (overrides.cron) tried.manual_cron = *overrides.cron;
    if (overrides.status) tried.manual_status = *overrides.status;
    if (overrides.cron && !*overrides.cron && tried.last_error != kRemoved) tried.last_error.reset();
    Schedule schedule;
    auto checked = shape(tried, true, schedule);
    if (checked) checked = check_schedule(schedule);
    if (checked) {
      if (auto rule = recurrence_of(schedule, cron_seconds_last_); !rule) checked = fail(rule.error());
    }
    if (!checked) {
      auto error = std::move(checked.error());
      if (error.field == "cron_expression") error.field = "manual_cron_override";
      if (error.field == "event_payload") error.field = "manual_payload_override";
      return done(fail(std::move(error)));
    }
    overrides.audit = override_note(by, **found, tried, overrides.at);
    auto stored =
        await<StoredDefinition>([&](auto next) { store_.set_overrides(name, std::move(overrides), std::move(next)); });
    if (!stored) return done(fail(stored.error()));
    auto applied = apply(schedules_, *stored, {.actor = by, .now = clock_.wall()});
    if (!applied) return done(fail(applied.error()));
    DefinitionView view{std::move(*stored), std::nullopt};
    auto now = find_schedule(schedules_, view.definition);
    if (!now) return done(fail(now.error()));
    view.schedule = std::move(*now);
    done(std::move(view));
  });
}

std::vector<std::string> DefinitionDesk::faults() const {
  const std::scoped_lock lock(mutex_);
  return faults_;
}

}  // namespace schedules::api
