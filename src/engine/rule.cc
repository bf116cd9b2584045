#include "engine/rule.h"

namespace schedules {
namespace {

constexpr size_t kRulesKept = 10'000;

// The fields of a recurrence under the names that a schedule gives them.
std::string field_in_schedule(std::string_view field) {
  if (field == "timezone") return "timezone";
  if (field == "every") return "every_seconds";
  if (field == "at") return "execution_time";
  if (field == "start_at" || field == "end_at" || field == "max_count") return std::string(field);
  if (field == "jitter") return "jitter_seconds";
  return "cron_expression";
}

Error renamed(Error error) {
  const std::string cron_field = error.field;
  error.field = field_in_schedule(error.field);
  if (error.field == "cron_expression" && !cron_field.empty() && cron_field != "expression" && cron_field != "cron") {
    error.detail = fmt::format("{}: {}", cron_field, error.detail);
  }
  for (auto& one : error.more) one = renamed(std::move(one));
  return error;
}

}  // namespace

Result<Recurrence> recurrence_of(const Schedule& schedule, bool cron_seconds_last) {
  const int rules = (schedule.cron_expression ? 1 : 0) + (schedule.every ? 1 : 0) + (schedule.execution_time ? 1 : 0);
  if (rules == 0) {
    return fail_field(Code::missing_field, schedule.one_time ? "execution_time" : "cron_expression",
                      "one of cron_expression, every_seconds and execution_time is required");
  }
  if (rules > 1) {
    return fail_field(Code::invalid_argument, schedule.one_time ? "cron_expression" : "execution_time",
                      "only one of cron_expression, every_seconds and execution_time may be given");
  }
  RecurrenceSpec spec;
  if (schedule.cron_expression) spec.cron.push_back(*schedule.cron_expression);
  spec.every = schedule.every;
  spec.anchor = schedule.start_at.value_or(schedule.created_at);  // of `every`, and of @every
  if (schedule.execution_time) spec.at.push_back(*schedule.execution_time);
  spec.timezone = schedule.timezone;
  spec.start_at = schedule.start_at;
  spec.end_at = schedule.end_at;
  spec.max_count = schedule.max_count;
  spec.clock.gap = schedule.dst_gap == DstGap::skip ? GapPolicy::skip : GapPolicy::shift_forward;
  spec.clock.overlap = static_cast<OverlapPolicy>(schedule.dst_overlap);
  spec.jitter = schedule.jitter;
  spec.schedule_id = schedule.id;
  spec.seconds = cron_seconds_last ? SecondsPosition::last : SecondsPosition::first;
  auto made = Recurrence::make(std::move(spec));
  if (!made) return fail(renamed(std::move(made.error())));
  return made;
}

Result<std::shared_ptr<const Recurrence>> RuleCache::rule_of(const Schedule& schedule) {
  auto& entry = entries_[schedule.id];
  if (entry.rule && entry.revision == schedule.revision) return entry.rule;
  auto made = recurrence_of(schedule, cron_seconds_last_);
  if (!made) {
    entries_.erase(schedule.id);
    return fail(made.error());
  }
  if (entries_.size() > kRulesKept) {
    entries_.clear();
    return std::make_shared<const Recurrence>(std::move(*made));
  }
  entry = Entry{schedule.revision, std::make_shared<const Recurrence>(std::move(*made))};
  return entry.rule;
}

}  // namespace schedules
