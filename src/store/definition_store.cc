#include "store/definition_store.h"

#include <algorithm>
#include <array>

namespace schedules {
namespace {

constexpr std::array<std::string_view, 3> kStatuses{"active", "disabled", "draft"};

}  // namespace

std::string_view to_string(DefinitionStatus status) { return kStatuses.at(static_cast<size_t>(status)); }

std::optional<DefinitionStatus> parse_definition_status(std::string_view text) {
  const auto found = std::ranges::find(kStatuses, text);
  if (found == kStatuses.end()) return std::nullopt;
  return static_cast<DefinitionStatus>(found - kStatuses.begin());
}

}  // namespace schedules
