// A node's wall clock, held to the clock of the store that all nodes share: it never runs ahead of that by more than
// the skew that is allowed between them. So a node whose own clock is wrong fires nothing early: early it would be only
// where both are. It never runs ahead of the node's own clock either; a store that is behind makes nodes late.
#pragma once

#include <algorithm>
#include <atomic>
#include <limits>

#include "time/clock.h"

namespace schedules {

/// Thread-safe.
class BoundedClock final : public Clock {
 public:
  BoundedClock(const Clock& own, Duration skew) : own_(own), skew_(skew) {}

  [[nodiscard]] TimePoint wall() const override {
    const int64_t offset = offset_us_.load(std::memory_order_relaxed);
    const TimePoint own = own_.wall();
    if (offset == kUnknown) return own;
    return std::min(own, from_micros(own_.steady().time_since_epoch().count() + offset) + skew_);
  }
  [[nodiscard]] SteadyPoint steady() const override { return own_.steady(); }

  /// The store's clock said `now` at some time between these points of ours.
  void store_said(TimePoint now, SteadyPoint sent, SteadyPoint answered) {
    const int64_t lowest = to_micros(now) - answered.time_since_epoch().count();
    const int64_t highest = to_micros(now) - sent.time_since_epoch().count();
    const int64_t known = offset_us_.load(std::memory_order_relaxed);
    const bool better_known = known != kUnknown && known >= lowest && known <= highest;
    if (!better_known) offset_us_.store(lowest, std::memory_order_relaxed);
  }

  /// How far the node's own clock is ahead of the store's; 0 where that is not known.
  [[nodiscard]] Duration ahead() const {
    const int64_t offset = offset_us_.load(std::memory_order_relaxed);
    if (offset == kUnknown) return Duration{0};
    return own_.wall() - from_micros(own_.steady().time_since_epoch().count() + offset);
  }

 private:
  static constexpr int64_t kUnknown = std::numeric_limits<int64_t>::max();
  const Clock& own_;
  const Duration skew_;
  std::atomic<int64_t> offset_us_{kUnknown};  ///< the store's clock less our steady one, at least
};

}  // namespace schedules
