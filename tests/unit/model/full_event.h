// An event with every field set to something of its own, for round trips and golden files.
#pragma once

#include "model/event.h"

namespace schedules::testing {

inline Event full_event() {
  Event event;
  event.id = derived_id("golden");
  event.topic = "orders.created";
  event.key = "order-7";
  event.entity_type = "order";
  event.entity_id = "7";
  event.action = "remind";
  event.body = R"({"text":"grüße","n":1})";
  event.headers = {{"x-one", "1"}, {"x-two", "zwei"}};
  event.correlation_id = "reminder-123";
  event.actor_type = "user";
  event.actor_id = "u1";
  event.tags = {"red", "blue"};
  event.target = Target{TargetKind::webhook, "https://example.com/hook"};
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.source = "api_request";
  event.due_at = from_micros(1'767'225'600'123'456);
  event.fire_at = from_micros(1'767'225'660'123'456);
  event.created_at = from_micros(1'767'225'000'000'001);
  event.priority = -3;
  event.max_delay = std::chrono::seconds(86'400);
  event.max_retries = 5;
  event.retry_delay = std::chrono::milliseconds(1'500);
  event.idempotency_key = "key-1";
  event.fingerprint = 0xDEADBEEFCAFEF00DULL;
  event.revision = 4;
  event.schedule_id = "665f1c2ab3d4e5f60718293a";
  event.schedule_name = "nightly";
  event.schedule_revision = 9;
  event.nominal_at = from_micros(1'767'225'600'000'000);
  event.missed_count = 2;
  event.attempt = 1;
  event.attempts = {Attempt{from_micros(1'767'225'601'000'000), "HTTP 503"}};
  return event;
}

}  // namespace schedules::testing
