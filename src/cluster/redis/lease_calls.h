// What is said to Redis about leases and nodes: each a small script, by Redis' own clock. P is schedules_REDIS_PREFIX.
//
// clang-format off
//   P{schedules:7}:lease   hash     owner (node id; empty: nobody), epoch, until (ms) — in the slot of the data it guards
//   P{schedules}:nodes     hash     node id → "seen (ms) started (µs) address"
//   P{schedules}:leader    hash     owner, until (ms)
//   P{schedules}:cluster   channel  somebody has left or given a shard free
// clang-format on
//
// All work where memory is short, too: their first write is one that frees.
#pragma once

#include <string>

#include "cluster/lease_store.h"
#include "redis/client.h"

namespace schedules::cluster_redis {

class LeaseCalls final : public LeaseStore {
 public:
  LeaseCalls(redis::Client& client, std::string prefix, std::string node_id, Duration lease)
      : client_(client), prefix_(std::move(prefix)), node_id_(std::move(node_id)), lease_(lease) {}

  void renew(uint32_t shard, uint64_t epoch, Done<LeaseState> done) override;
  void acquire(uint32_t shard, SeenEpochs seen, Done<LeaseState> done) override;
  void release(uint32_t shard, uint64_t epoch, When when, Done<bool> done) override;
  void beat(TimePoint started_at, const std::string& address, Done<Beat> done) override;
  void leave(Done<void> done) override;

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
