// The durable tail of the stream sink: fired messages under growing sequence numbers, so that a reader which comes
// back misses nothing. A backend keeps it in the same log as its settles.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "time/clock.h"

namespace schedules {

struct TailMessage {
  uint64_t sequence = 0;  ///< given by append; starts at 1, no gaps
  TimePoint at;
  std::string topic;
  std::string message;  ///< JSON text of the fired message
  std::string headers;  ///< JSON text of an object
};

struct TailRange {
  uint64_t first = 0;  ///< oldest sequence kept; 0: nothing yet
  uint64_t last = 0;
};

/// Thread-safe; answers once, on a thread of the store.
class TailStore {
 public:
  virtual ~TailStore() = default;
  /// Assigns sequences in order and answers the first one given. A later settle of the same store never survives
  /// a crash that this append does not survive.
  virtual void append_tail(std::vector<TailMessage> messages, Done<uint64_t> done) = 0;
  /// Messages with sequence ≥ from, oldest first, at most `limit`. Blocking; for replay, not for the hot path.
  virtual Result<std::vector<TailMessage>> read_tail(uint64_t from, size_t limit) = 0;
  virtual TailRange tail_range() = 0;
  /// Drops what is older than `before` and all but the newest `keep`.
  virtual void trim_tail(TimePoint before, uint64_t keep, Done<void> done) = 0;
};

}  // namespace schedules
