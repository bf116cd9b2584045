// What this process has claimed (begun under no epoch) and not ended, or may have. A failover may undo an end: the claim
// stands in Redis again, and nobody would ever end it. So what is there and not here is given back. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"

namespace schedules::redis {

class OwnClaims {
 public:
  /// Before the begin is sent.
  void asked(const EventId& id, const std::string& token) {
    const std::scoped_lock lock(mutex_);
    claims_.try_emplace({id, token}, false);
  }
  /// The begin has it in flight.
  void begun(const EventId& id, const std::string& token) {
    const std::scoped_lock lock(mutex_);
    claims_[{id, token}] = true;
  }
  /// The begin did not get it, or was given up.
  void missed(const EventId& id, const std::string& token) {
    const std::scoped_lock lock(mutex_);
    claims_.erase({id, token});
  }
  /// Its end is stored. A begin of it that is under way is another claim.
  void ended(const EventId& id) {
    const std::scoped_lock lock(mutex_);
    const auto from = claims_.lower_bound({id, std::string()});
    for (auto it = from; it != claims_.end() && it->first.first == id;) it = it->second ? claims_.erase(it) : ++it;
  }
  [[nodiscard]] bool knows(const EventId& id, const std::string& token) const {
    const std::scoped_lock lock(mutex_);
    return claims_.contains({id, token});
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<EventId, std::string>, bool> claims_;  ///< and whether they are known to be begun
};

}  // namespace schedules::redis
