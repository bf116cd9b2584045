// Coordinates nodes by leases in Redis (lease_calls.h): each holds its even share of the shards, takes what a dead one
// held, and gives shards over when nodes come. Owned by the wiring; thread-safe. Rounds run on a thread of its own.
#pragma once

#include <memory>
#include <string>

#include "cluster/rounds.h"
#include "redis/client.h"

namespace schedules {

class RedisCoordinator final : public Coordinator {
 public:
  /// `prefix`: schedules_REDIS_PREFIX. Client and clock must outlive it; what the calls use, the client: they come on
  /// its thread, until it ends. take_over is RedisStore::recover, departed RedisStore::recover_claims.
  RedisCoordinator(RoundsOptions options, std::string prefix, redis::Client& client, RoundsCalls calls,
                   const Clock& clock);
  RedisCoordinator(const RedisCoordinator&) = delete;
  /// Leases that were not handed over (resign) end by themselves.
  ~RedisCoordinator() override;

  void start(Changed changed) override;
  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t shard) const override;
  [[nodiscard]] bool leads() const override;
  void lost(uint32_t shard, uint64_t epoch) override;
  /// Errors: unavailable (Redis could not be told; the leases end by themselves).
  void resign(Done<void> done) override;
  /// As the last round saw it. Errors: unavailable, where Redis did not answer it.
  void view(Done<ClusterView> done) override;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace schedules
