// Shards in which what departed nodes had claimed is still to be given back. A call that is lost is made again, or its
// claims would stay in flight. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace schedules {

class Departures {
 public:
  /// Nodes were found to have gone in this round.
  void add(uint32_t shard, uint64_t round) {
    const std::scoped_lock lock(mutex_);
    owed_[shard] = round;
  }
  [[nodiscard]] std::vector<std::pair<uint32_t, uint64_t>> owed() const {
    const std::scoped_lock lock(mutex_);
    return {owed_.begin(), owed_.end()};
  }
  /// Given back for those that had gone in that round; later ones are still owed.
  void done(uint32_t shard, uint64_t round) {
    const std::scoped_lock lock(mutex_);
    const auto found = owed_.find(shard);
    if (found != owed_.end() && found->second == round) owed_.erase(found);
  }

 private:
  mutable std::mutex mutex_;
  std::map<uint32_t, uint64_t> owed_;
};

}  // namespace schedules
