#include "model/event.h"

#include <array>

#include <fmt/format.h>

#include "model/names.h"

namespace schedules {
namespace {

constexpr std::array<std::string_view, 6> kTargets{"automatic", "stream", "webhook", "log", "kafka", "handler"};
constexpr std::array<std::string_view, 6> kStates{"pending", "in_flight", "fired", "cancelled", "skipped", "dead"};

}  // namespace

uint64_t fingerprint_of(const Event& event, std::string_view due) {
  uint64_t hash = 0;
  const auto mix = [&hash](std::string_view text) { hash = stable_hash(text, hash + 1); };
  for (const auto* text : {&event.topic, &event.key, &event.entity_type, &event.entity_id, &event.action, &event.body,
                           &event.correlation_id, &event.actor_type, &event.actor_id, &event.target.url}) {
    mix(*text);
  }
  for (const auto& [name, value] : event.headers) {
    mix(name);
    mix(value);
  }
  for (const auto& tag : event.tags) mix(tag);
  mix(fmt::format("{} {} {} {} {} {}", due, event.priority, static_cast<int>(event.target.kind), event.max_retries,
                  event.retry_delay.count(), event.max_delay ? event.max_delay->count() : -1));
  return hash == 0 ? 1 : hash;
}

std::string_view to_string(TargetKind kind) { return kTargets.at(static_cast<size_t>(kind)); }
std::string_view to_string(State state) { return kStates.at(static_cast<size_t>(state)); }
std::string_view to_string(Tier tier) { return tier == Tier::near ? "near" : "far"; }
std::optional<TargetKind> parse_target_kind(std::string_view text) { return enum_named<TargetKind>(kTargets, text); }
std::optional<State> parse_state(std::string_view text) { return enum_named<State>(kStates, text); }

}  // namespace schedules
