#include "model/alert.h"

#include <algorithm>
#include <array>

namespace schedules {
namespace {

constexpr std::array<std::string_view, 2> kKinds{"failure", "silence"};
constexpr std::array<std::string_view, 4> kNews{"none", "opened", "reminder", "recovered"};

}  // namespace

std::string_view to_string(AlertKind kind) { return kKinds.at(static_cast<size_t>(kind)); }
std::string_view to_string(AlertNews news) { return kNews.at(static_cast<size_t>(news)); }

std::optional<AlertKind> parse_alert_kind(std::string_view text) {
  const auto found = std::ranges::find(kKinds, text);
  if (found == kKinds.end()) return std::nullopt;
  return static_cast<AlertKind>(found - kKinds.begin());
}

}  // namespace schedules
