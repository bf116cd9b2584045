#include "store/mongo/schedule_store.h"

#include <atomic>

#include "base/log.h"
#include "store/mongo/alert_table.h"
#include "store/mongo/audit_table.h"
#include "store/mongo/counting.h"
#include "store/mongo/dead_letter_table.h"
#include "store/mongo/definition_table.h"
#include "store/mongo/run_table.h"
#include "store/mongo/schedule_table.h"

namespace schedules {
namespace {

// Of calls that must keep their order among each other.
constexpr std::string_view kCounting = "counting";
constexpr std::string_view kLetters = "letters";
constexpr std::string_view kDefinitions = "definitions";
constexpr std::string_view kAlerts = "alerts";
constexpr std::string_view kAnyOrder;

}  // namespace

using mongo::Connection;

struct MongoScheduleStore::Parts {
  MongoLayout layout;
  TakeOver take_over;
  Counting counting;
  std::atomic<bool> looked_once{false};  ///< at what other programs had written before we came
  std::unique_ptr<mongo::Client> owned;  ///< last, so that it ends first
  mongo::Client* client;                 ///< the same; there while it ends, too

  Parts(MongoScheduleOptions options, const Clock& clock, Random& random)
      : layout(std::move(options.layout), clock),
        take_over(std::move(options.replan), clock),
        counting(random),
        owned(mongo::Client::open(std::move(options.url), std::move(options.client), clock)),
        client(owned.get()) {}

  /// Before any work; the first time it succeeds, what is there is looked through in the background.
  Status ready(Connection& mongo) {
    auto ensured = layout.ensure(mongo);
    if (ensured && !looked_once.exchange(true)) look_through([](const Result<uint64_t>&) {});
    return ensured;
  }

  void look_through(Done<uint64_t> done) {
    client->call_aside<uint64_t>(
        [this](Connection& mongo) -> Result<uint64_t> {
          if (auto still = layout.ensure_still(mongo); !still) return fail(std::move(still.error()));
          looked_once = true;
          return take_over.look_at_all(mongo);
        },
        std::move(done));
  }

  void write_counts() {
    client->call<void>(
        kCounting,
        [this](Connection& mongo) -> Status {
          if (auto is_ready = ready(mongo); !is_ready) return is_ready;
          return counting.write(mongo);
        },
        [](const Status& written) {
          if (!written) log::debug("mongo.counts_wait", {{"error", written.error().detail}});
        });
  }
};

std::unique_ptr<MongoScheduleStore> MongoScheduleStore::open(MongoScheduleOptions options, const Clock& clock,
                                                             Random& random) {
  return std::unique_ptr<MongoScheduleStore>(
      new MongoScheduleStore(std::make_unique<Parts>(std::move(options), clock, random)));
}

MongoScheduleStore::MongoScheduleStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

MongoScheduleStore::~MongoScheduleStore() {
  parts_->owned.reset();
  parts_->counting.give_up(Error{.code = Code::shutting_down, .detail = "the store is closing"});
}

template <class T, class Work>
void MongoScheduleStore::call(std::string_view key, Work work, Done<T> done) {
  parts_->client->call<T>(
      key,
      [this, work = std::move(work)](Connection& mongo) mutable -> Result<T> {
        if (auto ready = parts_->ready(mongo); !ready) return fail(std::move(ready.error()));
        return work(mongo);
      },
      std::move(done));
}

void MongoScheduleStore::create(Schedule schedule, Done<Schedule> done) {
  const std::string key = schedule.name;  // of two who want a name the first one gets it
  call<Schedule>(
      key,
      [this, schedule = std::move(schedule)](Connection& mongo) {
        return with_note(mongo, schedule.audit,
                         [&] { return insert_schedule(mongo, schedule, parts_->layout.names_are_guarded()); });
      },
      std::move(done));
}

void MongoScheduleStore::update(Schedule schedule, Done<Schedule> done) {
  const std::string id = schedule.id;
  call<Schedule>(
      id,
      [this, schedule = std::move(schedule)](Connection& mongo) {
        return with_note(mongo, schedule.audit,
                         [&] { return replace_schedule(mongo, schedule, parts_->layout.names_are_guarded()); });
      },
      std::move(done));
}

void MongoScheduleStore::get(std::string id, Done<std::optional<Schedule>> done) {
  const std::string key = id;
  call<std::optional<Schedule>>(
      key, [this, id = std::move(id)](Connection& mongo) { return get_schedule(mongo, id, parts_->take_over); },
      std::move(done));
}

void MongoScheduleStore::find(ScheduleFilter filter, Done<std::vector<Schedule>> done) {
  call<std::vector<Schedule>>(
      kAnyOrder, [filter = std::move(filter)](Connection& mongo) { return find_schedules(mongo, filter); },
      std::move(done));
}

void MongoScheduleStore::count(ScheduleFilter filter, Done<uint64_t> done) {
  call<uint64_t>(
      kAnyOrder, [filter = std::move(filter)](Connection& mongo) { return count_schedules(mongo, filter); },
      std::move(done));
}

void MongoScheduleStore::remove(std::string id, AuditNote audit, Done<bool> done) {
  const std::string key = id;
  call<bool>(
      key,
      [id = std::move(id), audit = std::move(audit)](Connection& mongo) {
        return with_note(mongo, audit, [&] { return remove_schedule(mongo, id); });
      },
      std::move(done));
}

void MongoScheduleStore::due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) {
  call<std::vector<Schedule>>(
      kAnyOrder,
      [this, until, limit](Connection& mongo) { return due_schedules(mongo, until, limit, parts_->take_over); },
      std::move(done));
}

void MongoScheduleStore::mark_planned(std::vector<Schedule> schedules, Done<void> done) {
  call<void>(
      kAnyOrder, [schedules = std::move(schedules)](Connection& mongo) { return mark_schedules(mongo, schedules); },
      std::move(done));
}

void MongoScheduleStore::revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) {
  call<std::vector<ScheduleRevision>>(
      kAnyOrder, [ids = std::move(ids)](Connection& mongo) { return schedule_revisions(mongo, ids); }, std::move(done));
}

void MongoScheduleStore::note_executions(std::vector<ExecutionNote> notes, Done<void> done) {
  parts_->counting.add(notes, std::move(done));
  parts_->write_counts();
}

void MongoScheduleStore::bury(std::vector<DeadLetter> letters, Done<void> done) {
  call<void>(
      kLetters, [letters = std::move(letters)](Connection& mongo) { return bury_letters(mongo, letters); },
      std::move(done));
}

void MongoScheduleStore::get_letter(EventId id, Done<std::optional<DeadLetter>> done) {
  call<std::optional<DeadLetter>>(
      kAnyOrder, [id](Connection& mongo) { return schedules::get_letter(mongo, id); }, std::move(done));
}

void MongoScheduleStore::find_letters(DeadLetterFilter filter, Done<DeadLetterPage> done) {
  call<DeadLetterPage>(
      kAnyOrder, [filter = std::move(filter)](Connection& mongo) { return schedules::find_letters(mongo, filter); },
      std::move(done));
}

void MongoScheduleStore::drop_letters(std::vector<EventId> ids, Done<uint64_t> done) {
  call<uint64_t>(
      kLetters, [ids = std::move(ids)](Connection& mongo) { return schedules::drop_letters(mongo, ids); },
      std::move(done));
}

void MongoScheduleStore::count_letters(Done<uint64_t> done) {
  call<uint64_t>(kAnyOrder, [](Connection& mongo) { return schedules::count_letters(mongo); }, std::move(done));
}

void MongoScheduleStore::upsert(std::vector<StoredDefinition> definitions, Done<std::vector<StoredDefinition>> done) {
  call<std::vector<StoredDefinition>>(
      kDefinitions,
      [definitions = std::move(definitions)](Connection& mongo) { return upsert_definitions(mongo, definitions); },
      std::move(done));
}

void MongoScheduleStore::list(std::string module_name, Done<std::vector<StoredDefinition>> done) {
  call<std::vector<StoredDefinition>>(
      kDefinitions,
      [module_name = std::move(module_name)](Connection& mongo) { return list_definitions(mongo, module_name); },
      std::move(done));
}

void MongoScheduleStore::get_definition(std::string name, Done<std::optional<StoredDefinition>> done) {
  call<std::optional<StoredDefinition>>(
      kDefinitions, [name = std::move(name)](Connection& mongo) { return schedules::get_definition(mongo, name); },
      std::move(done));
}

void MongoScheduleStore::set_overrides(std::string name, DefinitionOverrides overrides, Done<StoredDefinition> done) {
  call<StoredDefinition>(
      kDefinitions,
      [name = std::move(name), overrides = std::move(overrides)](Connection& mongo) {
        return with_note(mongo, overrides.audit, [&] { return override_definition(mongo, name, overrides); });
      },
      std::move(done));
}

void MongoScheduleStore::drop_definition(std::string class_name, Done<bool> done) {
  call<bool>(
      kDefinitions,
      [class_name = std::move(class_name)](Connection& mongo) { return schedules::drop_definition(mongo, class_name); },
      std::move(done));
}

void MongoScheduleStore::change_runs(std::string schedule_id, RunChange change, Done<std::vector<RunEntry>> done) {
  call<std::vector<RunEntry>>(
      kAnyOrder,
      [schedule_id = std::move(schedule_id), change = std::move(change)](Connection& mongo) {
        return schedules::change_runs(mongo, schedule_id, change);
      },
      std::move(done));
}

void MongoScheduleStore::append_entries(std::vector<AuditEntry> entries, Done<void> done) {
  call<void>(
      kAnyOrder,
      [entries = std::move(entries)](Connection& mongo) { return schedules::append_entries(mongo, entries); },
      std::move(done));
}

void MongoScheduleStore::find_entries(AuditFilter filter, Done<AuditPage> done) {
  call<AuditPage>(
      kAnyOrder, [filter = std::move(filter)](Connection& mongo) { return schedules::find_entries(mongo, filter); },
      std::move(done));
}

void MongoScheduleStore::forget_entries(TimePoint before, Done<uint64_t> done) {
  call<uint64_t>(
      kAnyOrder, [before](Connection& mongo) { return schedules::forget_entries(mongo, before); }, std::move(done));
}

void MongoScheduleStore::watched(std::string after, size_t limit, Done<std::vector<Schedule>> done) {
  call<std::vector<Schedule>>(
      kAnyOrder,
      [after = std::move(after), limit](Connection& mongo) { return watched_schedules(mongo, after, limit); },
      std::move(done));
}

void MongoScheduleStore::find_alerts(AlertFilter filter, Done<AlertPage> done) {
  call<AlertPage>(
      kAnyOrder, [filter = std::move(filter)](Connection& mongo) { return schedules::find_alerts(mongo, filter); },
      std::move(done));
}

void MongoScheduleStore::save_alerts(std::vector<Alert> alerts, Done<std::vector<bool>> done) {
  call<std::vector<bool>>(
      kAlerts, [alerts = std::move(alerts)](Connection& mongo) { return schedules::save_alerts(mongo, alerts); },
      std::move(done));
}

void MongoScheduleStore::forget_alerts(TimePoint before, Done<uint64_t> done) {
  call<uint64_t>(
      kAlerts, [before](Connection& mongo) { return schedules::forget_alerts(mongo, before); }, std::move(done));
}

void MongoScheduleStore::take_over_edits(Done<uint64_t> done) { parts_->look_through(std::move(done)); }

TakeOverFigures MongoScheduleStore::take_over_figures() const { return parts_->take_over.figures(); }

void MongoScheduleStore::probe(Done<void> done) {
  parts_->client->probe([this, done = std::move(done)](Status alive) mutable {
    if (alive) parts_->write_counts();
    done(std::move(alive));
  });
}

void MongoScheduleStore::migrate(Done<void> done) {
  call<void>(kAnyOrder, [](Connection&) -> Status { return {}; }, std::move(done));
}

void MongoScheduleStore::inspect(Done<MongoLayoutStatus> done) {
  parts_->client->call<MongoLayoutStatus>(
      kAnyOrder, [this](Connection& mongo) { return parts_->layout.inspect(mongo); }, std::move(done));
}

mongo::Client& MongoScheduleStore::client() const { return *parts_->client; }
MongoLayout& MongoScheduleStore::layout() const { return parts_->layout; }

}  // namespace schedules
