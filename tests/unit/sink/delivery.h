// A delivery to publish in the sinks' tests.
#pragma once

#include <string>
#include <utility>

#include "sink/sink.h"

namespace schedules::testing {

inline TimePoint test_time() { return from_micros(1'767'600'000'012'345); }  // 2026-01-05T08:00:00.012345Z

inline Delivery delivery_to(TargetKind kind, std::string url = "") {
  Delivery delivery;
  Event& event = delivery.event;
  event.id = derived_id("sink test");
  event.topic = "orders.created";
  event.entity_type = "order";
  event.entity_id = "42";
  event.action = "ship";
  event.body = R"({"n":1})";
  event.target = {.kind = kind, .url = std::move(url)};
  event.due_at = test_time();
  event.fire_at = event.due_at;
  delivery.fired_at = test_time() + std::chrono::milliseconds(7);
  return delivery;
}

}  // namespace schedules::testing
