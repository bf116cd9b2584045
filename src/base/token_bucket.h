// A token bucket: so many a second, and as many at once. What is taken may exceed what is there, and is then a debt: a large
// batch is let through whole, and pays by the wait of the next one. Not thread-safe; the time is the caller's.
#pragma once

#include <algorithm>
#include <chrono>

namespace schedules {

class TokenBucket {
 public:
  using Time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

  /// Full at the beginning. `per_second` > 0.
  TokenBucket(double per_second, Time now) : per_second_(per_second), tokens_(per_second), at_(now) {}

  [[nodiscard]] double per_second() const { return per_second_; }
  /// How many there are; 0 or less: wait.
  [[nodiscard]] double tokens(Time now) const {
    const double passed = std::chrono::duration<double>(std::max(now - at_, Time::duration(0))).count();
    return std::min(per_second_, tokens_ + passed * per_second_);
  }
  /// How long until there are some; 0: now.
  [[nodiscard]] std::chrono::microseconds wait(Time now) const {
    const double missing = 1 - tokens(now);
    return std::chrono::microseconds(missing <= 0 ? 0 : static_cast<int64_t>(missing / per_second_ * 1e6) + 1);
  }
  void take(double count, Time now) {
    tokens_ = tokens(now) - count;
    at_ = std::max(at_, now);
  }

 private:
  double per_second_;
  double tokens_;
  Time at_;
};

}  // namespace schedules
