// Begins whose answer was lost: Redis may have put their events in flight, but nobody knows of it, and a window does
// not show what is in flight. They are given back (scripts_fire.cc) before their shard's next window; a claim's also
// where this node has no shard, so that it reads no window. Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"

namespace schedules::redis {

struct Doubt {
  uint32_t shard = 0;
  uint64_t epoch = 0;  ///< 0: a claim, of any shard
  std::string token;   ///< of the begin
  std::vector<EventId> ids;
};

class Doubts {
 public:
  void add(Doubt doubt) {
    const std::scoped_lock lock(mutex_);
    doubts_.push_back(std::move(doubt));
  }
  /// Those that stand before this shard's window, and every claim's. What an earlier epoch left was taken over since.
  std::vector<Doubt> take(uint32_t shard, uint64_t epoch) {
    const std::scoped_lock lock(mutex_);
    std::vector<Doubt> taken;
    std::erase_if(doubts_, [&](Doubt& doubt) {
      const bool ours = doubt.epoch == 0 || (doubt.shard == shard && doubt.epoch == epoch);
      const bool past = doubt.epoch != 0 && doubt.shard == shard && doubt.epoch < epoch;
      if (ours) taken.push_back(std::move(doubt));
      return ours || past;
    });
    return taken;
  }
  std::vector<Doubt> take_claims() {
    const std::scoped_lock lock(mutex_);
    std::vector<Doubt> taken;
    std::erase_if(doubts_, [&](Doubt& doubt) {
      if (doubt.epoch != 0) return false;
      taken.push_back(std::move(doubt));
      return true;
    });
    return taken;
  }

 private:
  std::mutex mutex_;
  std::vector<Doubt> doubts_;
};

}  // namespace schedules::redis
