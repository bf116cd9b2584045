// What one node does each second: it says that it lives, renews what it holds, looks at the other leases, and takes or
// gives up shards until it holds its share. Driven by advance() → next: the owner sleeps until then, or until wake is
// called. With a store that answers on a simulated network the same code is deterministic. Shared with the answers of
// calls that are under way, which may outlive the coordinator.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "cluster/coordinator.h"
#include "cluster/departures.h"
#include "cluster/lease_store.h"
#include "cluster/leases.h"

namespace schedules {

struct RoundsOptions {
  std::string
      node_id;  ///< of no other node: one with the same id would take its leases. A later process may have it again
  std::string address;  ///< its HTTP address, shown to others
  Duration lease = std::chrono::seconds(3);
  Duration round = std::chrono::seconds(1);          ///< leases are renewed this often
  Duration margin = std::chrono::milliseconds(500);  ///< this long before its lease can end, the owner stops
  /// A shard that goes to another node is kept for so long while something is in flight under it; then it goes all the
  /// same, and what is still in flight is begun again by the next owner.
  Duration drain = std::chrono::seconds(30);
};

/// A lease that was granted. `crashed`: another process's, that it did not give up; else nobody's, or one of ours that
/// lapsed.
struct TakenLease {
  uint32_t shard = 0;
  uint64_t epoch = 0;
  bool crashed = false;
};

struct RoundsCalls {
  /// How many shards there are now; it may change once, at the first contact with the store.
  std::function<uint32_t()> shards;
  /// What earlier owners had begun waits again: done before the lease is told of.
  std::function<void(TakenLease taken, Done<void>)> take_over;
  /// Nodes have gone; these live. Called for each shard that is held here, and for every shard when we join and once in
  /// 64 rounds; again each round until it is done.
  std::function<void(uint32_t shard, const std::vector<std::string>& alive, Done<void>)> departed;
  /// The store's clock, read at some time between the two points of ours.
  std::function<void(TimePoint now, SteadyPoint sent, SteadyPoint answered)> store_time;
};

class Rounds : public std::enable_shared_from_this<Rounds> {
 public:
  /// The clock must outlive it and the answers under way.
  Rounds(RoundsOptions options, std::unique_ptr<LeaseStore> store, RoundsCalls calls, const Clock& clock);

  /// Before the first advance. `wake`: advance() is wanted now; from any thread, also from within advance().
  void start(Coordinator::Changed changed, std::function<void()> wake);
  /// Does what is due, and answers when to come again if nobody wakes; max: never. One thread.
  SteadyPoint advance();
  void stop();
  /// The next round is now.
  void poke();
  void resign(Done<void> done);
  void lost(uint32_t shard, uint64_t epoch);

  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t shard) const { return leases_.epoch_of(shard); }
  [[nodiscard]] bool leads() const;
  [[nodiscard]] Result<ClusterView> view() const;
  [[nodiscard]] const std::string& node_id() const { return options_.node_id; }

 private:
  enum class Stage : uint8_t { resting, asking, handing_over, gone };
  struct Seen {
    LeaseState lease;
    SteadyPoint at;
    uint64_t newest = 0;  ///< of its epochs
    uint64_t round = 0;   ///< the last one that it answered
    bool acquiring = false;
    bool had = false;          ///< taken over by this process at some time, and by no other since
    std::optional<bool> owed;  ///< granted, not taken over yet: whether an owner before had crashed
  };

  void begin_round();
  void end_round();
  void ask_members();
  void ask_leases(uint32_t shards);
  void members_told(uint64_t round, SteadyPoint sent, Result<Beat> beat);
  void lease_told(uint64_t round, uint32_t shard, uint64_t epoch, SteadyPoint sent, Result<LeaseState> lease);
  [[nodiscard]] bool answered() const;
  void plan();
  [[nodiscard]] std::vector<std::string> alive() const;
  void tell_departed();
  void clear(uint32_t shard, uint64_t round, const std::vector<std::string>& nodes);
  void acquire(uint32_t shard, SeenEpochs seen);
  [[nodiscard]] bool crashed(uint32_t shard, const std::string& before);
  void settled(uint32_t shard);
  void acquired(uint32_t shard, SteadyPoint sent, Result<LeaseState> lease);
  void give_up(uint32_t shard, const Leases::Lease& lease);
  void tell();
  [[nodiscard]] SteadyPoint next_round() const;
  void hand_over();
  SteadyPoint hand_over_some_more();
  void handed_over();
  [[nodiscard]] SteadyPoint good_until(SteadyPoint sent) const { return sent + options_.lease - options_.margin; }

  const RoundsOptions options_;
  const std::unique_ptr<LeaseStore> store_;
  const RoundsCalls told_by_;
  const Clock& clock_;
  const TimePoint started_at_;
  Leases leases_;
  Departures departures_;
  std::function<void()> wake_ = [] {};

  // Of the thread that advances.
  Coordinator::Changed changed_;
  Stage stage_ = Stage::resting;
  SteadyPoint began_ = SteadyPoint::min();  ///< the round, or the handing over
  std::vector<ShardLease> told_;
  std::vector<std::string> known_;  ///< nodes that lived in the round before

  mutable std::mutex mutex_;
  bool stopping_ = false;
  bool poked_ = false;
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

}  // namespace schedules
