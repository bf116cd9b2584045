// Coordinates nodes by leases in Redis (lease_calls.h): each holds its even share of the shards, takes what a dead one held,
// and gives shards over when nodes come. Owned by the wiring; thread-safe. Rounds run on a thread of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/coordinator.h"
#include "redis/client.h"

namespace schedules {

struct RedisCoordinatorOptions {
  std::string
      node_id;  ///< of no other node: one with the same id would take its leases. A later process may have it again
  std::string address;  ///< its HTTP address, shown to others
  std::string prefix = "stufio:";
  Duration lease = std::chrono::seconds(3);
  Duration round = std::chrono::seconds(1);          ///< leases are renewed this often
  Duration margin = std::chrono::milliseconds(500);  ///< this long before its lease can end, the owner stops
  /// A shard that goes to another node is kept for so long while something is in flight under it; then it goes all the same,
  /// and what is still in flight is begun again by the next owner.
  Duration drain = std::chrono::seconds(30);
};

class RedisCoordinator final : public Coordinator {
 public:
  /// A lease that was granted. `crashed`: another process's, that it did not give up; else nobody's, or one of ours that lapsed.
  struct Taken {
    uint32_t shard = 0;
    uint64_t epoch = 0;
    bool crashed = false;
  };
  /// What earlier owners had begun waits again: done before the lease is told of. RedisStore::recover.
  using TakeOver = std::function<void(Taken taken, Done<void>)>;
  /// Nodes have gone; these live. Called for each shard that is held here, and once for every shard when we join:
  /// RedisStore::recover_claims.
  using Departed = std::function<void(uint32_t shard, const std::vector<std::string>& alive)>;
  /// How many shards there are now; it may change once, at the first contact with the store.
  using Shards = std::function<uint32_t()>;

  struct Calls {
    Shards shards;
    TakeOver take_over;
    Departed departed;
  };
  /// Client and clock must outlive it; what the calls use, the client: they come on its thread, until it ends.
  RedisCoordinator(RedisCoordinatorOptions options, redis::Client& client, Calls calls, const Clock& clock);
  RedisCoordinator(const RedisCoordinator&) = delete;
  /// Leases that were not handed over (resign) end by themselves.
  ~RedisCoordinator() override;

  void start(Changed changed) override;
  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t shard) const override;
  [[nodiscard]] bool leads() const override;
  void lost(uint32_t shard) override;
  /// Errors: unavailable (Redis could not be told; the leases end by themselves).
  void resign(Done<void> done) override;
  /// As the last round saw it. Errors: unavailable, where Redis did not answer it.
  void view(Done<ClusterView> done) override;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace schedules
