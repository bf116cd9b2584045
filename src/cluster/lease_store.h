// What nodes say to the store that they share, about leases and about themselves. Every call is one atomic step there,
// by the store's own clock: nodes never compare theirs. An epoch is larger than the last one, than all that its asker has seen,
// and at least the store's time in ms, so that a store which has lost the last one gives a new one, if its clock is right. Where
// it is not, two nodes may get the same epoch, and so a lease is known by owner and epoch.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "time/clock.h"

namespace schedules {

struct LeaseState {
  bool ours = false;  ///< asked under (node, epoch), and still so: renewed
  std::string owner;  ///< empty: nobody, or it has ended
  uint64_t epoch = 0;
  Duration remaining{};
  std::string before;  ///< of acquire: who had it and did not give it free
  /// Where it is ours: which store says so. It is another one after a failover and after a restart, which may have lost the
  /// newest writes: what was begun, settled and put back since the lease was granted is not certain then.
  std::string store;
};

/// Epochs of one lease.
struct SeenEpochs {
  uint64_t last = 0;    ///< which it had when we looked
  uint64_t newest = 0;  ///< of all that we ever saw: larger where the store has forgotten some
};

struct Member {
  std::string id;
  std::string address;
  TimePoint started_at;
  TimePoint seen_at;  ///< by the store's clock
  bool alive = false;
};

struct Beat {
  std::string leader;
  TimePoint now;  ///< by the store's clock
  std::vector<Member> members;
};

/// One node's voice. Thread-safe; answers once, on a thread of the store or inline. Errors: unavailable.
class LeaseStore {
 public:
  virtual ~LeaseStore() = default;
  /// Renews the lease if it is ours under this epoch (0: it is not), and tells how it stands.
  virtual void renew(uint32_t shard, uint64_t epoch, Done<LeaseState> done) = 0;
  /// Takes it where nobody has it, or we have, and its epoch still is the last we saw: a request that comes late takes
  /// nothing. `ours` and the new epoch, or how it stands.
  virtual void acquire(uint32_t shard, SeenEpochs seen, Done<LeaseState> done) = 0;
  /// Gives it free if nothing is in flight under this epoch, or anyway, and begins nothing more under it. Answers
  /// whether it is free (or another's) now.
  enum class When : uint8_t { drained, now };
  virtual void release(uint32_t shard, uint64_t epoch, When when, Done<bool> done) = 0;
  /// We are here; who else is, and who leads: we, if nobody does.
  virtual void beat(TimePoint started_at, const std::string& address, Done<Beat> done) = 0;
  /// We are gone, and lead no more.
  virtual void leave(Done<void> done) = 0;
};

}  // namespace schedules
