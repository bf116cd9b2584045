// How many events each producer may put: a token bucket for each token's subject; without tokens all callers are one producer.
// Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "base/token_bucket.h"
#include "time/clock.h"

namespace schedules::api {

class Producers {
 public:
  explicit Producers(const Clock& clock) : clock_(clock) {}

  /// 0: no limit. Applies at once.
  void set_rate(uint64_t events_per_second);
  /// Errors: rate_limited, with how long to wait; then nothing was taken.
  Status take(const std::string& producer, size_t events);

 private:
  static constexpr size_t kMost = 10'000;  ///< producers remembered

  const Clock& clock_;
  std::mutex mutex_;
  uint64_t rate_ = 0;                                       ///< guarded by mutex_
  std::unordered_map<std::string, TokenBucket> producers_;  ///< guarded by mutex_
};

}  // namespace schedules::api
