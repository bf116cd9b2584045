#include "model/event.h"

#include <array>

namespace schedules {
namespace {

constexpr std::array<std::string_view, 6> kTargets{"automatic", "stream", "webhook", "log", "kafka", "handler"};
constexpr std::array<std::string_view, 6> kStates{"pending", "in_flight", "fired", "cancelled", "skipped", "dead"};

template <class Enum, size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view text) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(TargetKind kind) { return kTargets.at(static_cast<size_t>(kind)); }
std::string_view to_string(State state) { return kStates.at(static_cast<size_t>(state)); }
std::string_view to_string(Tier tier) { return tier == Tier::near ? "near" : "far"; }
std::optional<TargetKind> parse_target_kind(std::string_view text) { return find<TargetKind>(kTargets, text); }
std::optional<State> parse_state(std::string_view text) { return find<State>(kStates, text); }

}  // namespace schedules
