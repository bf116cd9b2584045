// A fixed period from an anchor: anchor + k * period with k >= 0, on elapsed time. Never "now +
// period", so a late firing moves nothing. A pure value.
#pragma once

#include <algorithm>
#include <cstdint>

#include "time/clock.h"

namespace schedules {

struct Interval {
  Duration period{};  ///< at least one second
  TimePoint anchor;

  /// The first multiple after an instant.
  [[nodiscard]] TimePoint after(TimePoint time) const { return anchor + period * multiples_until(time); }
  /// How many multiples in (after, until].
  [[nodiscard]] uint64_t count(TimePoint after, TimePoint until) const {
    return until <= after ? 0 : static_cast<uint64_t>(multiples_until(until) - multiples_until(after));
  }

 private:
  // How many multiples are at or before an instant.
  [[nodiscard]] int64_t multiples_until(TimePoint time) const {
    return time < anchor ? 0 : (time - anchor) / period + 1;
  }
};

}  // namespace schedules
