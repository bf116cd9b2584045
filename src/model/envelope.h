// The fired message: what every sink publishes. Shape: the Events module's message (docs/reference/message.md);
// headers beside it carry what a consumer needs to drop repeats. An event whose body is its own message (enveloped.h)
// goes out with that body, its key and its headers as they came; headers of ours fill up what is missing.
#pragma once

#include <string>
#include <string_view>

#include "model/event.h"

namespace schedules {

enum class CorrelationMode { uuid, null };  ///< what the message body carries as correlation_id

/// The JSON text of the message for an event that fires at `fired_at`.
std::string fired_message(const Event& event, TimePoint fired_at, CorrelationMode mode = CorrelationMode::uuid);

/// entity_type, action, correlation_id, event_id, attempt, due_time, fired_time, schedule_id, scheduled_at,
/// original_correlation_id, content-type, traceparent, then the event's own headers (which cannot replace
/// those). `attempt` counts from 1.
Headers fired_headers(const Event& event, TimePoint fired_at);

/// The id that consumers correlate by: the caller's text if it is a version-4 UUID, else one derived from it,
/// else (no text) the event's own id.
std::string correlation_uuid(const Event& event);

/// The key a partitioned sink orders by: the event's key, else entity_type.entity_id, else entity_type. Empty: none.
std::string partition_key(const Event& event);

}  // namespace schedules
