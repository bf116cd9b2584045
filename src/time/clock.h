// The two clocks. Wall time decides when an event is due; steady time (which goes on during suspend)
// measures waits, leases and time-outs. Always injected, never asked for directly.
#pragma once

#include <chrono>

namespace schedules {

/// Microseconds since 1970-01-01 UTC: the resolution of every stored and shown time.
using Duration = std::chrono::microseconds;
using TimePoint = std::chrono::time_point<std::chrono::system_clock, Duration>;
using SteadyPoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint wall() const = 0;
  [[nodiscard]] virtual SteadyPoint steady() const = 0;
};

/// The machine's clocks (CLOCK_REALTIME, CLOCK_BOOTTIME). Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint wall() const override;
  [[nodiscard]] SteadyPoint steady() const override;
};

inline TimePoint from_micros(int64_t micros) { return TimePoint{Duration{micros}}; }
inline int64_t to_micros(TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace schedules
