// The journal: every event that waits, kept apart from the stores that it waits in, so that these can be lost and filled again.
// What is appended counts until it is forgotten; of one id the newest record counts.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "model/event.h"

namespace schedules {

/// How far a replay is. `total` is not exact where records were merged or belong to transactions.
struct ReplayProgress {
  uint64_t read = 0;
  uint64_t total = 0;
  uint64_t events = 0;  ///< handed on so far
  int64_t end = 0;      ///< where the journal ended: a later replay can go on from there
  int64_t recent = 0;   ///< where the ends begin of which an accept may still be under way
};

/// What is read from where: of records from `hand_on` on the events are handed on, and those before only tell what
/// ended. 0: from the beginning.
struct ReplayFrom {
  int64_t look = 0;
  int64_t hand_on = 0;
};

struct Replay {
  /// A batch of events that wait. An error ends the replay with it. Blocks as long as it needs.
  std::function<Status(std::vector<Event>)> take;
  std::function<void(const ReplayProgress&)> progress;  ///< may be empty
  std::function<bool()> give_up;                        ///< asked now and then; may be empty
};

/// All calls are thread-safe. Errors: unavailable, payload_too_large, forbidden; what was sent may have arrived all the same,
/// and may be sent again.
class Journal {
 public:
  virtual ~Journal() = default;
  /// All of them are durable when it answers without an error. `redriven`: they count though they ended before.
  virtual void append(std::vector<Event> events, bool redriven, Done<void> done) = 0;
  virtual void forget(std::vector<EventId> ids, Done<void> done) = 0;
  /// The events of one shard that count, up to the journal's end at the time of the call, each once. What a transaction
  /// ends that is open then is waited for. Blocks. Several at a time are welcome. Memory: about 64 bytes for each of
  /// them.
  virtual Result<ReplayProgress> replay(uint32_t shard, ReplayFrom from, const Replay& replay) = 0;
};

}  // namespace schedules
