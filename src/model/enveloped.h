// A body that is itself a whole fired message: what a producer hands over through the delayed topic comes with its
// envelope around it, and goes out byte for byte. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/event.h"

namespace schedules {

/// The source of events that came through the delayed topic.
inline constexpr std::string_view kDelayedSource = "kafka_delayed";

/// What a message says of itself; what is missing or no text there is empty here.
struct Envelope {
  std::string event_id;
  std::string correlation_id;
  std::string entity_type;
  std::string entity_id;
  std::string action;
  std::string actor_type;
  std::string actor_id;
};

/// nullopt for an object that is no message: one has event_id, action, entity and actor. Errors: invalid_json,
/// wrong_type (not an object).
Result<std::optional<Envelope>> read_envelope(std::string_view json);

/// The id of the event that such a message makes: its own where that is a UUID of version 4, else derived from it.
EventId envelope_id(std::string_view event_id);

/// Whether the event's body is its own message, so that it is published as it stands.
bool is_enveloped(const Event& event);

}  // namespace schedules
