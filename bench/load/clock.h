// The two clocks of a measurement. Due times and arrivals are on the wall clock, which is the server's too;
// durations are on the steady one.
#pragma once

#include <time.h>

#include <cstdint>

namespace schedules::load {

inline int64_t nanos_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

inline int64_t wall_us() { return nanos_of(CLOCK_REALTIME) / 1'000; }
inline int64_t steady_ns() { return nanos_of(CLOCK_MONOTONIC); }

inline void sleep_until_wall(int64_t us) {
  const timespec until{us / 1'000'000, us % 1'000'000 * 1'000};
  while (::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

}  // namespace schedules::load
