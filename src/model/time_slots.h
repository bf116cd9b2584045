// Equal spans of time, one behind the other, and what is counted in each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "time/clock.h"

namespace schedules {

/// [from, from + width), [from + width, from + 2 width), …
struct TimeSlots {
  TimePoint from;
  Duration width{};  ///< above 0
  size_t count = 0;

  [[nodiscard]] TimePoint start_of(size_t slot) const { return from + width * static_cast<int64_t>(slot); }
  [[nodiscard]] TimePoint end() const { return start_of(count); }
  [[nodiscard]] std::optional<size_t> slot_of(TimePoint at) const {
    if (at < from || at >= end()) return std::nullopt;
    return static_cast<size_t>((at - from) / width);
  }
};

struct SlotCount {
  uint64_t count = 0;
  bool more = false;  ///< counting stopped there: it may be more

  bool operator==(const SlotCount&) const = default;
};

}  // namespace schedules
