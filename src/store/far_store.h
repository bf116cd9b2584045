// The far store as the engine sees it: events due beyond the horizon, until the transfer moves them near.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/near_store.h"

namespace schedules {

struct FarPage {
  std::vector<Event> events;  ///< by due time
  bool more = false;          ///< further ones are due in the asked range
};

struct FarRevision {
  EventId id;
  uint64_t revision = 0;
};

/// All calls are thread-safe and answer once, on a thread of the store. Errors as for NearStore.
class FarStore {
 public:
  virtual ~FarStore() = default;
  /// Durable when it answers. if_absent only.
  virtual void put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) = 0;
  /// Pending events with fire_at ≤ until, oldest first, at most `limit`.
  virtual void due_before(TimePoint until, size_t limit, Done<FarPage> done) = 0;
  /// They are in the near store now, as they were at this revision: no longer pending here, unless changed since.
  /// Idempotent.
  virtual void mark_transferred(std::vector<FarRevision> moved, Done<void> done) = 0;
};

}  // namespace schedules
