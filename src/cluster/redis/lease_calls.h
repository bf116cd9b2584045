// What is said to Redis about leases and nodes: each a small script, by Redis' own clock. P is schedules_REDIS_PREFIX.
//
//   P{schedules:7}:lease   hash  owner (node id; empty: nobody), epoch, until (ms)   — in the slot of the data it guards
//   P{schedules}:nodes     hash  node id → "seen (ms) started (µs) address"
//   P{schedules}:leader    hash  owner, until (ms)
//   P{schedules}:cluster   channel: somebody has left or given a shard free
//
// An epoch is the larger of the last one + 1 and Redis' time in ms: where Redis has lost the last one (a failover, FLUSHALL),
// the next is a new one all the same. All work where memory is short, too: their first write is one that frees.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "redis/client.h"

namespace schedules::cluster_redis {

struct LeaseState {
  bool ours = false;  ///< asked under (node, epoch), and still so: renewed
  std::string owner;  ///< empty: nobody, or it has ended
  uint64_t epoch = 0;
  Duration remaining{};
  std::string before;  ///< of acquire: who had it and did not give it free
};

struct Member {
  std::string id;
  std::string address;
  TimePoint started_at;
  TimePoint seen_at;
  bool alive = false;
};

struct Beat {
  std::string leader;
  std::vector<Member> members;
};

class LeaseCalls {
 public:
  LeaseCalls(redis::Client& client, std::string prefix, std::string node_id, Duration lease)
      : client_(client), prefix_(std::move(prefix)), node_id_(std::move(node_id)), lease_(lease) {}

  /// Renews the lease if it is ours under this epoch (0: it is not), and tells how it stands.
  void renew(uint32_t shard, uint64_t epoch, Done<LeaseState> done);
  /// Takes it where nobody has it, or we have; `ours` and the new epoch, or who has it.
  void acquire(uint32_t shard, Done<LeaseState> done);
  /// Gives it free if nothing is in flight under this epoch, or anyway. Answers whether it is free (or another's) now.
  enum class When : uint8_t { drained, now };
  void release(uint32_t shard, uint64_t epoch, When when, Done<bool> done);

  /// We are here; who else is, and who leads: we, if nobody does.
  void beat(TimePoint started_at, const std::string& address, Done<Beat> done);
  /// We are gone, and lead no more.
  void leave(Done<void> done);

  [[nodiscard]] std::string channel() const { return prefix_ + "{schedules}:cluster"; }

 private:
  [[nodiscard]] std::string lease_key(uint32_t shard) const {
    return fmt::format("{}{{schedules:{}}}:lease", prefix_, shard);
  }
  [[nodiscard]] std::string lease_ms() const;

  redis::Client& client_;
  const std::string prefix_;
  const std::string node_id_;
  const Duration lease_;
};

}  // namespace schedules::cluster_redis
