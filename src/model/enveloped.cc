#include "model/enveloped.h"

#include <array>

#include <boost/json.hpp>

namespace schedules {
namespace {

namespace json = boost::json;

std::string text_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

Result<std::optional<Envelope>> read_envelope(std::string_view text) {
  std::array<unsigned char, 4096> first_block;  // NOLINT(cppcoreguidelines-pro-type-member-init): memory, not values
  json::monotonic_resource memory(first_block.data(), first_block.size());
  json::error_code error;
  const auto value = json::parse(text, error, &memory);
  if (error) return fail(Code::invalid_json, "it is not JSON: {}", error.message());
  const auto* message = value.if_object();
  if (message == nullptr) return fail(Code::wrong_type, "it is JSON, but not an object");
  const auto* entity = message->if_contains("entity");
  const auto* actor = message->if_contains("actor");
  Envelope found{.event_id = text_in(*message, "event_id"),
                 .correlation_id = text_in(*message, "correlation_id"),
                 .action = text_in(*message, "action")};
  const bool whole = !found.event_id.empty() && !found.action.empty() && entity != nullptr && entity->is_object() &&
                     actor != nullptr && actor->is_object();
  if (!whole) return std::optional<Envelope>();
  found.entity_type = text_in(entity->get_object(), "type");
  found.entity_id = text_in(entity->get_object(), "id");
  found.actor_type = text_in(actor->get_object(), "type");
  found.actor_id = text_in(actor->get_object(), "id");
  return found;
}

EventId envelope_id(std::string_view event_id) {
  if (is_uuid4(event_id)) return *parse_id(event_id);
  return derived_id("message:" + std::string(event_id));
}

bool is_enveloped(const Event& event) {
  if (event.source != kDelayedSource) return false;
  const auto envelope = read_envelope(event.body);
  // Any caller may name that source; only the door of the delayed topic gives an event its message's id.
  return envelope && *envelope && envelope_id((*envelope)->event_id) == event.id;
}

}  // namespace schedules
