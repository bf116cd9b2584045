#include "store/mongo/take_over.h"

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "store/mongo/audit_table.h"
#include "store/mongo/field_reader.h"
#include "store/mongo/layout.h"
#include "store/mongo/schedule_document.h"

namespace schedules {
namespace {

using mongo::Document;

constexpr int kTakeOverTries = 5;
constexpr size_t kLongestRefusal = 1'000;

/// A single time that the original has fired already.
bool has_had_its_time(const Schedule& schedule) {
  if (!schedule.execution_time || schedule.every || schedule.cron_expression) return false;
  return schedule.execution_count > 0 ||
         (schedule.last_execution && *schedule.last_execution >= *schedule.execution_time);
}

void plan_from_now(Schedule& schedule, ForeignEdit edit, TimePoint now) {
  schedule.next_execution = now;  // the planner looks at once, and finds the next one
  if (edit == ForeignEdit::template_only && schedule.planned_until) {
    const TimePoint from = std::max(now - schedule.late_after - schedule.jitter, schedule.created_at);
    schedule.planned_until = std::min(*schedule.planned_until, from);
    return;
  }
  const bool late = schedule.execution_time && *schedule.execution_time <= now && schedule.planned_count == 0;
  schedule.planned_until = late ? *schedule.execution_time - Duration(1) : now;
}

std::string sentence(const Error& error) {
  std::string text = error.field.empty() ? error.detail : fmt::format("{}: {}", error.field, error.detail);
  for (const auto& more : error.more) text += fmt::format("; {}: {}", more.field, more.detail);
  return truncate_utf8(text, kLongestRefusal);
}

/// Fields that the document lacks, as the original's readers expect them.
void complete(Document& set, const Document& fields, std::string_view document) {
  const auto bytes = fields.bytes();
  for (mongo::Reader reader(bytes); auto element = reader.next();) {
    const bool there = mongo::find(document, element->name).has_value();
    const bool written = mongo::find(set.bytes(), element->name).has_value();
    if (!there && !written) set.add(element->name, *element);
  }
}

}  // namespace

struct TakeOver::Change {
  Schedule after;
  Refusal refusal;
};

Status TakeOver::plan(const ScheduleDocument& read, Schedule& schedule, TimePoint now) const {
  const bool anew = !read.ours || read.rule_edited || !read.refused.empty();
  const auto edit = anew ? ForeignEdit::rule : ForeignEdit::template_only;
  const auto foreign_next = read.ours ? std::nullopt : schedule.next_execution;
  if (!read.ours) schedule.planned_count = has_had_its_time(schedule) ? 1 : 0;
  if (read.ours && read.time_moved) schedule.planned_count = 0;
  if (replan_) {
    if (auto planned = replan_(schedule, edit, now); !planned) return planned;
  } else {
    plan_from_now(schedule, edit, now);
  }
  if (schedule.status != ScheduleStatus::active) return {};
  if (!schedule.next_execution || (!read.ours && has_had_its_time(schedule))) {
    schedule.status = ScheduleStatus::completed;
    schedule.next_execution.reset();
  } else if (foreign_next && *foreign_next <= now && !schedule.execution_time &&
             schedule.last_execution.value_or(TimePoint::min()) < *foreign_next) {
    // Its author was to fire it and did not any more: a misfire like any other.
    schedule.planned_until = *foreign_next - Duration(1);
    schedule.next_execution = foreign_next;
  }
  return {};
}

std::optional<TakeOver::Change> TakeOver::change_of(const ScheduleDocument& read, std::string_view document) const {
  if (!read.wants_a_look()) return std::nullopt;
  const TimePoint now = clock_.wall();
  Change change{.after = read.schedule, .refusal = {}};
  Schedule& after = change.after;
  after.status = read.status;
  change.refusal.fault = read.fault;
  if (read.fault.empty()) {
    if (auto planned = plan(read, after, now); !planned) change.refusal.fault = sentence(planned.error());
  }
  const auto id = mongo::find(document, "_id");
  if (!id || !id->object_id()) change.refusal.alias = after.id;
  if (!change.refusal.fault.empty()) {
    if (read.ours && !read.rule_edited && change.refusal.fault == read.refused) return std::nullopt;  // nothing new
    after = read.schedule;
    after.status = read.status;
    after.next_execution.reset();
    after.last_error = std::string(kRefused) + change.refusal.fault;
  } else if (!read.refused.empty()) {
    after.last_error.reset();
  }
  // A document that was replaced as a whole has lost its revision; what is pending must not pass for one of the new ones.
  const auto seconds = static_cast<uint64_t>(to_micros(now) / 1'000'000);
  after.revision = read.ours ? after.revision + 1 : std::max(after.revision + 1, seconds);
  if (read.ours) after.updated_at = now;
  return change;
}

Result<bool> TakeOver::write(mongo::Connection& mongo, std::string_view document, const Change& change) {
  const auto id = mongo::find(document, "_id");
  const auto revision = mongo::find(document, "revision");
  Document filter;
  if (id) filter.add("_id", *id);
  const bool is_number = revision && revision->integer();
  filter.add("revision",
             is_number ? mongo::Value(*revision) : mongo::Value(Document{{"$exists", revision.has_value()}}));
  const Schedule& after = change.after;
  Document set{{"revision", after.revision},
               {"bookkeeping", bookkeeping_of(after, change.refusal)},
               {"next_execution", after.next_execution},
               {"last_error", after.last_error}};
  if (change.refusal.fault.empty()) {
    set.add("status", to_string(after.status)).add("updated_at", after.updated_at).add("created_at", after.created_at);
    complete(set, written_fields(after), document);
    complete(set, counters_of(after), document);
  }
  const auto counted = mongo::find(document, "counted");
  if (counted && !counted->array()) set.add("counted", mongo::Array());
  auto stored = mongo.update(collections::kSchedules, std::move(filter), {{"$set", set}});
  if (!stored) return fail(std::move(stored.error()));
  return stored->matched > 0;
}

void TakeOver::log_change(const ScheduleDocument& read, const Change& change) {
  ++taken_over_;
  if (!change.refusal.fault.empty()) {
    log::error("mongo.schedule_refused", {{"schedule", change.after.id},
                                          {"name", FieldReader::shortened(change.after.name)},
                                          {"reason", change.refusal.fault}});
    return;
  }
  const char* what = !read.ours ? "new" : !read.refused.empty() ? "mended" : read.rule_edited ? "rule" : "template";
  log::info("mongo.edit_taken_over", {{"schedule", change.after.id},
                                      {"name", FieldReader::shortened(change.after.name)},
                                      {"edit", what},
                                      {"revision", std::to_string(change.after.revision)}});
}

// What it was is not known: it has been written over.
void TakeOver::note_change(mongo::Connection& mongo, const Change& change) {
  auto entry = sealed({.id = {},
                       .at = clock_.wall(),
                       .actor = {.name = "another program", .role = "system"},
                       .kind = "schedule",
                       .object_id = change.after.id,
                       .object_name = change.after.name,
                       .action = "update"});
  if (auto noted = append_entries(mongo, {std::move(entry)}); !noted) {
    log::warn("mongo.audit_not_written", {{"schedule", change.after.id}, {"error", noted.error().detail}});
  }
}

Result<TakeOver::Seen> TakeOver::look(mongo::Connection& mongo, std::string_view document) {
  std::string current(document);
  bool changed = false;
  for (int tries = 0; tries < kTakeOverTries; ++tries) {
    auto read = read_schedule(current);
    const auto change = change_of(read, current);
    if (!change) return Seen{std::move(read.schedule), changed};
    auto written = write(mongo, current, *change);
    if (!written) return fail(std::move(written.error()));
    if (*written) {
      log_change(read, *change);
      note_change(mongo, *change);
    }
    changed = changed || *written;
    const auto id = mongo::find(current, "_id");
    if (!id) break;
    auto again = mongo.find_one({.collection = collections::kSchedules, .filter = {{"_id", *id}}});
    if (!again) return fail(std::move(again.error()));
    if (!*again) return Seen{std::nullopt, changed};
    current = std::move(**again);
  }
  return Seen{read_schedule(current).schedule, changed};  // edited all the time: the next look takes it over
}

Result<std::optional<Schedule>> TakeOver::look_at(mongo::Connection& mongo, std::string_view document) {
  auto seen = look(mongo, document);
  if (!seen) return fail(std::move(seen.error()));
  return std::move(seen->schedule);
}

Result<uint64_t> TakeOver::look_at_all(mongo::Connection& mongo) {
  uint64_t changed = 0;
  uint64_t refused = 0;
  auto done = mongo.find({.collection = collections::kSchedules}, [&](std::string_view document) -> Status {
    const auto read = read_schedule(document);
    if (!read.wants_a_look()) return {};
    const auto seen = look(mongo, document);
    if (!seen) {
      if (seen.error().code == Code::unavailable) return fail(seen.error());
      log::error("mongo.take_over_failed", {{"schedule", read.schedule.id}, {"error", seen.error().detail}});
      ++refused;
      return {};
    }
    changed += seen->changed ? 1 : 0;
    const bool unusable =
        seen->schedule && seen->schedule->last_error && seen->schedule->last_error->starts_with(kRefused);
    refused += unusable ? 1 : 0;
    return {};
  });
  if (!done) return fail(std::move(done.error()));
  refused_ = refused;
  return changed;
}

}  // namespace schedules
