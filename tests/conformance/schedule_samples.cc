#include "tests/conformance/schedule_samples.h"

namespace schedules::testing {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

EventId event_id(uint64_t number) { return derived_id("event " + std::to_string(number)); }

Schedule full_schedule(uint32_t number) {
  const auto n = std::to_string(number);
  const auto time = [&](int64_t offset) { return at_second(offset) + Duration{number + 7}; };
  return {.id = object_id(number),
          .name = "full schedule " + n + " \"quoted\" \xC3\xA9",
          .description = "what it is for " + n,
          .status = ScheduleStatus::paused,
          .cron_expression = "*/5 * * * * " + n,
          .every = Duration{90'000'001 + number},
          .execution_time = time(100),
          .one_time = true,
          .timezone = "Europe/London",
          .start_at = time(1),
          .end_at = time(2),
          .max_count = 1'000'000'007 + number,
          .jitter = Duration{2'500'000 + number},
          .dst_gap = DstGap::skip,
          .dst_overlap = DstOverlap::both,
          .catch_up = CatchUp::fail,
          .late_after = seconds{11 + number},
          .catch_up_window = seconds{86'401 + number},
          .catch_up_max = 101 + number,
          .catch_up_rate = 2.25 + number,
          .overlap = Overlap::max_parallel,
          .overlap_limit = 4 + number,
          .max_runtime = seconds{3601 + number},
          .ack = Ack::required,
          .alerts = {.url = "https://example.com/alerts/" + n,
                     .on = AlertKinds{.failure = true, .silence = false},
                     .after_failures = 3 + number,
                     .grace = seconds{62 + number},
                     .reminder = seconds{3602 + number}},
          .event_type = "order " + n,
          .event_action = "created " + n,
          .event_entity_id = "entity " + n,
          .event_payload = R"({"n": )" + n + "}",
          .event_headers = {{"x-one", n}, {"x-two", ""}},
          .event_correlation_id = "correlation " + n,
          .actor_type = "admin",
          .actor_id = "actor " + n,
          .topic = "topic." + n,
          .target = {TargetKind::webhook, "https://example.com/" + n},
          .priority = -9,
          .max_delay = seconds{77 + number},
          .max_retries = 8 + number,
          .retry_delay = seconds{61 + number},
          .tags = {"tag " + n, "shared"},
          .revision = 5,
          .planned_until = time(3),
          .next_execution = time(4),
          .last_execution = time(5),
          .last_status = RunStatus::failure,
          .planned_count = 12 + number,
          .execution_count = 13 + number,
          .error_count = 14 + number,
          .last_error = "it broke " + n,
          .note = "paused because " + n,
          .created_at = time(6),
          .updated_at = time(7),
          .created_by = "someone " + n,
          .owner = "team " + n};
}

Schedule plain_schedule(uint32_t number, std::optional<TimePoint> next) {
  return {.id = object_id(number),
          .name = fmt::format("schedule {}", number),
          .cron_expression = "0 * * * *",
          .event_type = "order",
          .event_action = "created",
          .next_execution = next,
          .created_at = at_second(number),
          .updated_at = at_second(number)};
}

DeadLetter full_letter(uint64_t number) {
  const auto n = std::to_string(number);
  const auto offset = static_cast<int64_t>(number);
  Event event{.id = event_id(number),
              .topic = "topic " + n,
              .key = "key " + n,
              .entity_type = "order",
              .entity_id = "entity " + n,
              .action = "created",
              .body = R"({"letter": )" + n + "}",
              .headers = {{"x-one", n}, {"x-empty", ""}},
              .correlation_id = "correlation " + n,
              .actor_type = "user",
              .actor_id = "actor " + n,
              .tags = {"a", "b"},
              .target = {TargetKind::webhook, "https://example.com/" + n},
              .traceparent = "00-trace-" + n,
              .source = "api_request",
              .due_at = at_second(offset),
              .fire_at = at_second(offset + 1),
              .created_at = at_second(offset - 1),
              .priority = 3,
              .max_delay = seconds{5},
              .max_retries = 4,
              .retry_delay = milliseconds{1500},
              .idempotency_key = "once " + n,
              .fingerprint = 0xFFFF'FFFF'FFFF'FFF0ULL + number % 8,
              .revision = 9,
              .schedule_id = object_id(static_cast<uint32_t>(number)),
              .schedule_name = "schedule " + n,
              .schedule_revision = 2,
              .nominal_at = at_second(offset - 5),
              .missed_count = 6,
              .attempt = 2,
              .attempts = {{at_second(offset + 2), "refused"}, {at_second(offset + 3), "refused again"}}};
  return {.event = std::move(event),
          .reason = number % 2 == 0 ? "retries_exhausted" : "rejected",
          .detail = "why " + n,
          .died_at = at_second(offset)};
}

Execution full_execution(uint64_t number) {
  const auto n = std::to_string(number);
  const auto executed_at = at_second(static_cast<int64_t>(number)) + Duration{123'456};
  return {.id = object_id(static_cast<uint32_t>(number)),
          .event_id = event_id(number),
          .schedule_id = object_id(static_cast<uint32_t>(number % 10)),
          .schedule_name = "schedule " + n,
          .topic = "topic " + n,
          .entity_type = "order",
          .entity_id = "entity " + n,
          .action = "created",
          .correlation_id = "correlation " + n,
          .due_at = executed_at - Duration{1234 + number},
          .executed_at = executed_at,
          .duration = Duration{777 + number},
          .status = RunStatus::failure,
          .state = State::dead,
          .reason = "retries_exhausted",
          .error = "first line " + n + "\nsecond line",
          .attempt = 3,
          .sink = "webhook",
          .position = "status 503",
          .node_id = "node-" + n,
          .waited_far = number % 2 == 1};
}

}  // namespace schedules::testing
