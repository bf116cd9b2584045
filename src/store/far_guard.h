// What a near store keeps about events that wait in a far store of another kind, so that the two never disagree: nothing
// that was changed or cancelled far is brought near as it was before, and one idempotency key is one event in both.
// Asked only where near and far are different stores; a store that holds both tiers knows by itself.
#pragma once

#include <vector>

#include "store/event_catalog.h"
#include "store/far_store.h"
#include "store/near_store.h"

namespace schedules {

/// What was read far longer ago than this is not brought near: it is read anew. So nothing needs to be held back for long.
inline constexpr Duration kFarReadGood = std::chrono::seconds(20);

struct FarClaim {
  EventId id;
  uint64_t fingerprint = 0;
  TimePoint until;  ///< the claim may be forgotten after this; later than the event is due
};

/// All calls are thread-safe, answer once on a thread of the store, and are durable when they answer. Errors as for
/// NearStore.
class FarGuard {
 public:
  virtual ~FarGuard() = default;
  /// False: a near put does not know of claims, so the far store must be asked before it.
  [[nodiscard]] virtual bool remembers_claims() const { return true; }
  /// Before a far put: the id is taken. `created` also where the same claim is held already (the far put decides then);
  /// exists and conflict as for NearStore::put. A near put of a claimed id answers exists (without `existing`: it is
  /// far) or, with another fingerprint, conflict. A put from_far_store takes the claim's place.
  virtual void claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) = 0;
  /// Before a far change: for `keep`, a put from_far_store with a lower revision is answered conflict.
  virtual void hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) = 0;
  /// After a far cancel: the ids are remembered as these ended events, and what was brought near in the meantime is
  /// cancelled. Answers as EventCatalog::cancel does, `done` where nothing was near.
  virtual void cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) = 0;
};

}  // namespace schedules
