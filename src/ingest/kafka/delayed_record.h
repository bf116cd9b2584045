// Reads a record of the delayed topic into an event. Pure.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "kafka/record.h"
#include "model/event.h"
#include "time/clock.h"

namespace schedules {

struct DelayedRules {
  std::string delayed_topic;  ///< not a place to publish to, nor is the one of its dead letters
  std::string dead_topic;
  uint32_t max_retries = 3;
  std::chrono::milliseconds retry_delay{60'000};
};

/// Headers: delivery_time (Unix seconds or, from 1e11 on, milliseconds; fraction allowed) or else delay_ms behind the
/// record's own time; original_topic; optional entity_type, action, correlation_id, priority, max_delay_seconds,
/// idempotency_key, traceparent. Of a header that is there twice the last one counts. The value is a JSON object: a
/// whole message goes on as it is, anything else becomes the payload of one. The event's id is the message's own,
/// else derived from idempotency_key, else from the record's place.
/// Errors, none of which another try can mend: missing_field, invalid_time, out_of_range (more than 10 years from now),
/// wrong_type, invalid_argument, invalid_utf8, invalid_json, too_long.
Result<Event> read_delayed(const kafka::IncomingRecord& record, const DelayedRules& rules, TimePoint now);

}  // namespace schedules
