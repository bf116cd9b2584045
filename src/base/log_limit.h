// How often one message may be logged: a server that is away for an hour fills no disk. Of each message so many a second; the
// next one that is let through tells how many were not. Thread-safe; the time is the caller's.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/token_bucket.h"

namespace schedules::log {

class Limit {
 public:
  explicit Limit(double per_second) : per_second_(per_second) {}

  /// Whether it is logged, and then how many of its name were not since the one before.
  std::optional<uint64_t> pass(std::string_view message, TokenBucket::Time now) {
    const std::scoped_lock lock(mutex_);
    auto found = said_.find(message);
    if (found == said_.end()) found = said_.emplace(message, Said{TokenBucket(per_second_, now)}).first;
    Said& said = found->second;
    if (said.bucket.tokens(now) < 1) {
      ++said.held_back;
      return std::nullopt;
    }
    said.bucket.take(1, now);
    return std::exchange(said.held_back, 0);
  }

 private:
  struct Said {
    TokenBucket bucket;
    uint64_t held_back = 0;
  };
  double per_second_;
  std::mutex mutex_;
  std::map<std::string, Said, std::less<>> said_;  ///< messages are names in the code: few
};

}  // namespace schedules::log
