// Coordinates nodes by leases in Redis (lease_calls.h): each holds its even share of the shards, takes what a dead one held,
// and gives shards over when nodes come. Owned by the wiring; thread-safe. Rounds run on a thread of its own.
#pragma once

#include <memory>
#include <string>

#include "cluster/coordinator.h"
#include "redis/client.h"

namespace schedules {

struct RedisCoordinatorOptions {
  std::string node_id;  ///< of this process alone: another one with the same id would take its leases
  std::string address;  ///< its HTTP address, shown to others
  std::string prefix = "stufio:";
  Duration lease = std::chrono::seconds(3);
  Duration round = std::chrono::seconds(1);         ///< leases are renewed this often
  Duration margin = std::chrono::milliseconds(500);  ///< this long before its lease can end, the owner stops
  /// A shard that goes to another node is kept for so long while something is in flight under it; then it goes all the same,
  /// and what is still in flight is begun again by the next owner.
  Duration drain = std::chrono::seconds(30);
};

class RedisCoordinator final : public Coordinator {
 public:
  /// What earlier owners had begun waits again: done before a lease is told of. RedisStore::recover.
  using TakeOver = std::function<void(uint32_t shard, uint64_t epoch, Done<void>)>;
  /// How many shards there are now; it may change once, at the first contact with the store.
  using Shards = std::function<uint32_t()>;

  /// Client and clock must outlive it; what the functions use, the client.
  RedisCoordinator(RedisCoordinatorOptions options, redis::Client& client, Shards shards, TakeOver take_over,
                   const Clock& clock);
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
