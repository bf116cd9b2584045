#include "engine/events.h"
#include "engine/faults.h"

namespace schedules {
namespace {

void check_times(const Event& event, TimePoint now, Faults& faults) {
  if (event.due_at == TimePoint{}) {
    faults.add(Code::missing_field, "scheduled_at", "scheduled_at or delay_seconds is required");
  } else if (event.due_at > now + kMaxDelay) {
    faults.add(Code::out_of_range, "scheduled_at", "is more than 100 years ahead");
  }
  if (event.max_delay && *event.max_delay < std::chrono::seconds(0)) {
    faults.add(Code::out_of_range, "max_delay_seconds", "is negative");
  }
  if (event.retry_delay < std::chrono::milliseconds(0) || event.retry_delay > std::chrono::hours(24)) {
    faults.add(Code::out_of_range, "retry_delay_seconds", "is not between 0 and 86400");
  }
}

}  // namespace

Status check_event(const Event& event, TimePoint now) {
  Faults faults;
  faults.name("topic", event.topic, true);
  faults.name("entity_type", event.entity_type, true);
  faults.name("action", event.action, true);
  faults.name("key", event.key, false);
  faults.name("entity_id", event.entity_id, false);
  faults.name("correlation_id", event.correlation_id, false);
  faults.name("actor_type", event.actor_type, false);
  faults.name("actor_id", event.actor_id, false);
  faults.name("idempotency_key", event.idempotency_key, false);
  faults.name("traceparent", event.traceparent, false);
  if (event.body.size() > kMaxBodyBytes) {
    faults.add(Code::too_long, "body", "has {} bytes, at most {} are allowed", event.body.size(), kMaxBodyBytes);
  }
  if (event.priority < kMinPriority || event.priority > kMaxPriority) {
    faults.add(Code::out_of_range, "priority", "is not between {} and {}", kMinPriority, kMaxPriority);
  }
  if (event.target.kind == TargetKind::webhook && event.target.url.empty()) {
    faults.add(Code::missing_field, "target.url", "is required for a webhook");
  }
  faults.text("target.url", event.target.url, kMaxUrlBytes);
  faults.headers("headers", event.headers);
  faults.tags("tags", event.tags);
  check_times(event, now, faults);
  return faults.result();
}

}  // namespace schedules
