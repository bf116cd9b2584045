#include "base/text.h"
#include "engine/faults.h"
#include "engine/schedules.h"

namespace schedules {
namespace {

constexpr std::chrono::hours kLongestWindow{24 * 365};

void check_rule(const Schedule& schedule, Faults& faults) {
  if (schedule.one_time && schedule.cron_expression) {
    faults.add(Code::invalid_argument, "cron_expression", "does not go with one_time");
  }
  if (schedule.one_time && !schedule.execution_time) {
    faults.add(Code::missing_field, "execution_time", "is required for one_time");
  }
  if (schedule.end_at && schedule.start_at && *schedule.end_at < *schedule.start_at) {
    faults.add(Code::out_of_range, "end_at", "is before start_at");
  }
  if (schedule.max_count && *schedule.max_count == 0) faults.add(Code::out_of_range, "max_count", "is 0");
  if (schedule.jitter < Duration{} || schedule.jitter > std::chrono::hours(24)) {
    faults.add(Code::out_of_range, "jitter_seconds", "is not between 0 and 86400");
  }
}

void check_policies(const Schedule& schedule, Faults& faults) {
  if (schedule.catch_up_window < std::chrono::seconds(0) || schedule.catch_up_window > kLongestWindow) {
    faults.add(Code::out_of_range, "catch_up_window", "is not between 0 s and one year");
  }
  if (schedule.late_after < std::chrono::seconds(1) || schedule.late_after > std::chrono::hours(24)) {
    faults.add(Code::out_of_range, "late_after", "is not between 1 and 86400 s");
  }
  if (schedule.catch_up_max < 1 || schedule.catch_up_max > 10'000) {
    faults.add(Code::out_of_range, "catch_up_max", "is not between 1 and 10000");
  }
  if (!(schedule.catch_up_rate >= 0.01 && schedule.catch_up_rate <= 10'000)) {
    faults.add(Code::out_of_range, "catch_up_rate", "is not between 0.01 and 10000 per second");
  }
  if (schedule.overlap_limit < 1 || schedule.overlap_limit > 1'000) {
    faults.add(Code::out_of_range, "overlap_limit", "is not between 1 and 1000");
  }
  if (schedule.max_retries > 100) faults.add(Code::out_of_range, "max_retries", "is more than 100");
  if (schedule.retry_delay < std::chrono::seconds(0) || schedule.retry_delay > std::chrono::hours(24)) {
    faults.add(Code::out_of_range, "retry_delay_seconds", "is not between 0 and 86400");
  }
}

void check_alerts(const AlertPolicy& alerts, Faults& faults) {
  constexpr std::chrono::hours kDay{24};
  faults.text("alerts.url", alerts.url.value_or(""), kMaxUrlBytes);
  if (alerts.after_failures && (*alerts.after_failures < 1 || *alerts.after_failures > 1'000)) {
    faults.add(Code::out_of_range, "alerts.after_failures", "is not between 1 and 1000");
  }
  if (alerts.grace && (*alerts.grace < std::chrono::seconds(1) || *alerts.grace > 30 * kDay)) {
    faults.add(Code::out_of_range, "alerts.grace_seconds", "is not between 1 s and 30 days");
  }
  if (alerts.reminder && (*alerts.reminder < std::chrono::seconds(0) || *alerts.reminder > 365 * kDay)) {
    faults.add(Code::out_of_range, "alerts.reminder_seconds", "is not between 0 s and a year");
  }
}

}  // namespace

Status check_schedule(const Schedule& schedule) {
  Faults faults;
  faults.name("name", schedule.name, true);
  faults.name("event_type", schedule.event_type, true);
  faults.name("event_action", schedule.event_action, true);
  faults.name("event_entity_id", schedule.event_entity_id.value_or(""), false);
  faults.name("event_correlation_id", schedule.event_correlation_id.value_or(""), false);
  faults.name("actor_type", schedule.actor_type, false);
  faults.name("actor_id", schedule.actor_id, false);
  faults.name("topic", schedule.topic.value_or(""), false);
  faults.name("owner", schedule.owner, false);
  if (schedule.description && schedule.description->size() > 4'096) {
    faults.add(Code::too_long, "description", "has more than 4096 bytes");
  }
  if (schedule.event_payload && schedule.event_payload->size() > kMaxBodyBytes) {
    faults.add(Code::too_long, "event_payload", "has more than {} bytes", kMaxBodyBytes);
  }
  if (schedule.priority < kMinPriority || schedule.priority > kMaxPriority) {
    faults.add(Code::out_of_range, "priority", "is not between {} and {}", kMinPriority, kMaxPriority);
  }
  if (schedule.target.kind == TargetKind::webhook && schedule.target.url.empty()) {
    faults.add(Code::missing_field, "target.url", "is required for a webhook");
  }
  faults.text("target.url", schedule.target.url, kMaxUrlBytes);
  faults.headers("event_headers", schedule.event_headers);
  faults.tags("tags", schedule.tags);
  check_rule(schedule, faults);
  check_policies(schedule, faults);
  check_alerts(schedule.alerts, faults);
  return faults.result();
}

}  // namespace schedules
