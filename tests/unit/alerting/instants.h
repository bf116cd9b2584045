// Short ways to write times.
#pragma once

#include "time/clock.h"

namespace schedules {

/// Seconds after 2026-01-01T00:00:00Z.
inline TimePoint at(int64_t seconds) { return from_micros((1'767'225'600 + seconds) * 1'000'000); }

}  // namespace schedules
