// Events as callers write them: JSON objects, strictly read. Every fault is told at once, with its field.
#pragma once

#include <bitset>

#include "api/json/reader.h"
#include "base/result.h"
#include "model/event.h"

namespace schedules::api {

enum class EventField : uint8_t {
  id,
  topic,
  key,
  entity_type,
  entity_id,
  action,
  body,
  headers,
  correlation_id,
  actor_type,
  actor_id,
  scheduled_at,
  delay_seconds,
  priority,
  max_delay_seconds,
  max_retries,
  retry_delay_seconds,
  idempotency_key,
  target,
  tags,
  traceparent,
  count_
};

/// A new event. due_at is set, from delay_seconds counted from `now` where that was given. Errors: invalid_json
/// (not an object), missing_field, unknown_field, wrong_type, out_of_range, too_long, invalid_time,
/// invalid_argument.
Result<Event> read_event(const json::Document& document, TimePoint now);

/// Some fields of an event, to be put into another one. null clears what may be empty.
struct EventPatch {
  Event values;
  std::bitset<static_cast<size_t>(EventField::count_)> given;

  void apply(Event& event) const;
};
/// Errors: as read_event; id and idempotency_key cannot be changed; at least one field must be given.
Result<EventPatch> read_event_patch(const json::Document& document, TimePoint now);

}  // namespace schedules::api
