// Enumerations by the names of their values, which stand in their order.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace schedules {

template <class Enum, size_t N>
std::optional<Enum> enum_named(const std::array<std::string_view, N>& names, std::string_view text) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace schedules
