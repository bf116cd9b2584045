// The leases that this node holds, and until when it may believe in them: by its own steady clock, counted from before
// the asking was sent, and short of what the store grants. Thread-safe; no I/O.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "cluster/coordinator.h"
#include "cluster/lease_store.h"

namespace schedules {

class Leases {
 public:
  enum class Phase : uint8_t {
    taking,   ///< granted; what earlier owners had begun is being put back
    held,     ///< told to the engine
    leaving,  ///< to be another's: nothing new is begun, what is in flight is finished under the epoch
  };
  struct Lease {
    uint64_t epoch = 0;
    SteadyPoint good_until;
    std::string store;  ///< which granted it
    Phase phase = Phase::taking;
    SteadyPoint leaving_since;
  };

  explicit Leases(const Clock& clock) : clock_(clock) {}

  void granted(uint32_t shard, const LeaseState& lease, SteadyPoint good_until);
  /// Too late where the lease has ended by our clock meanwhile: others have been told so, and it stays lost. So it is where
  /// another store says so than the one which granted it. Answers whether it holds.
  bool renewed(uint32_t shard, const LeaseState& lease, SteadyPoint good_until);
  /// Whether it is still that lease, in that phase before.
  bool taken_over(uint32_t shard, uint64_t epoch);
  void leave(uint32_t shard);
  void stay(uint32_t shard);
  void drop(uint32_t shard);
  void drop(uint32_t shard, uint64_t epoch);
  void drop_all();
  void drop_ended();

  /// The epoch under which the engine may act: held, or leaving, and not ended.
  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t shard) const;
  [[nodiscard]] std::optional<Lease> of(uint32_t shard) const;
  [[nodiscard]] std::map<uint32_t, Lease> all() const;
  /// What the engine may begin under.
  [[nodiscard]] std::vector<ShardLease> held() const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<uint32_t, Lease> leases_;
};

}  // namespace schedules
