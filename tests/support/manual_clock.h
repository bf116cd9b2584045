// A clock moved by hand. Wall and steady time are apart, so that a test can step the one without the other.
#pragma once

#include <atomic>

#include "time/clock.h"

namespace schedules::testing {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start = from_micros(1'767'225'600'000'000)) : wall_us_(to_micros(start)) {}
  [[nodiscard]] TimePoint wall() const override { return from_micros(wall_us_.load()); }
  [[nodiscard]] SteadyPoint steady() const override { return SteadyPoint{Duration{steady_us_.load()}}; }
  void advance(Duration by) {
    wall_us_ += by.count();
    steady_us_ += by.count();
  }
  /// Somebody sets the wall clock.
  void step(Duration by) { wall_us_ += by.count(); }

 private:
  std::atomic<int64_t> wall_us_;
  std::atomic<int64_t> steady_us_ = 1'000'000'000;
};

}  // namespace schedules::testing
