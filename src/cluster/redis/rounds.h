// What one node does each second: it says that it lives, renews what it holds, looks at the other leases, and takes or gives
// up shards until it holds its share. Shared with the answers of calls that are under way, which may outlive the coordinator.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "cluster/redis/lease_calls.h"
#include "cluster/redis/leases.h"
#include "cluster/redis/redis_coordinator.h"

namespace schedules::cluster_redis {

class Rounds : public std::enable_shared_from_this<Rounds> {
 public:
  Rounds(RedisCoordinatorOptions options, redis::Client& client, RedisCoordinator::Calls calls, const Clock& clock);

  /// On the coordinator's thread, until stop() or resign().
  void run(Coordinator::Changed changed);
  void stop();
  /// The next round is now.
  void poke();
  void resign(Done<void> done);
  void lost(uint32_t shard);

  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t shard) const { return leases_.epoch_of(shard); }
  [[nodiscard]] bool leads() const;
  [[nodiscard]] Result<ClusterView> view() const;
  [[nodiscard]] std::string channel() const { return calls_.channel(); }
  [[nodiscard]] const std::string& node_id() const { return options_.node_id; }

 private:
  struct Seen {
    LeaseState lease;
    SteadyPoint at;
    uint64_t round = 0;  ///< the last one that it answered
    bool acquiring = false;
    bool had = false;          ///< taken over by this process at some time, and by no other since
    std::optional<bool> owed;  ///< granted, not taken over yet: whether an owner before had crashed
  };

  void round();
  void ask_members();
  void ask_leases(uint32_t shards);
  void members_told(uint64_t round, SteadyPoint sent, Result<Beat> beat);
  void lease_told(uint64_t round, uint32_t shard, uint64_t epoch, SteadyPoint sent, Result<LeaseState> lease);
  void wait_for_answers();
  void plan();
  [[nodiscard]] std::vector<std::string> alive() const;
  void tell_departed();
  void acquire(uint32_t shard);
  [[nodiscard]] bool crashed(uint32_t shard, const std::string& before);
  void settled(uint32_t shard);
  void acquired(uint32_t shard, SteadyPoint sent, Result<LeaseState> lease);
  void give_up(uint32_t shard, const Leases::Lease& lease);
  void tell();
  void wait_for_next(SteadyPoint round_began);
  void hand_over();
  [[nodiscard]] SteadyPoint good_until(SteadyPoint sent) const { return sent + options_.lease - options_.margin; }
  /// Something has changed that the thread should tell.
  void touch();

  const RedisCoordinatorOptions options_;
  const RedisCoordinator::Calls told_by_;
  const Clock& clock_;
  const TimePoint started_at_;
  LeaseCalls calls_;
  Leases leases_;

  // Of the coordinator's thread.
  Coordinator::Changed changed_;
  std::vector<ShardLease> told_;
  std::vector<std::string> known_;  ///< nodes that lived in the round before

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool poked_ = false;
  bool touched_ = false;
  bool resigned_ = false;
  std::optional<Done<void>> resign_;
  uint64_t round_ = 0;
  size_t open_ = 0;  ///< answers of this round that have not come
  Beat beat_;
  uint64_t beat_round_ = 0;
  std::optional<Error> trouble_;  ///< why the last round learned nothing of the members
  SteadyPoint leads_until_{};
  std::vector<Seen> seen_;
};

}  // namespace schedules::cluster_redis
