#include "time/clock.h"

#include <ctime>

namespace schedules {
namespace {

Duration read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return Duration{static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000};
}

}  // namespace

TimePoint SystemClock::wall() const { return TimePoint{read(CLOCK_REALTIME)}; }
SteadyPoint SystemClock::steady() const { return SteadyPoint{read(CLOCK_BOOTTIME)}; }

}  // namespace schedules
