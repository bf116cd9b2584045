// What is noted in the near store about its journal, in each shard's own place there: lost with the shard's data, and as
// old as it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace schedules {

struct JournalMark {
  std::string store;                      ///< which store it is now: another one after a failover or a restart
  std::string filled;                     ///< which one it was when the shard was last known to be whole; empty: never
  std::optional<int64_t> unsettled_from;  ///< ends in the journal before this offset are known to the store

  /// Whether the shard may have lost what it had.
  [[nodiscard]] bool whole() const { return !filled.empty() && filled == store; }
};

/// Thread-safe. Errors: unavailable; stale_epoch (the lease of this epoch has ended); conflict (the shard lost its data
/// since the filling began, or another one has begun).
class JournalMarks {
 public:
  virtual ~JournalMarks() = default;
  virtual void read(uint32_t shard, Done<JournalMark> done) = 0;
  /// The owner of this epoch fills the shard from now on, and nobody else.
  virtual void begin_filling(uint32_t shard, uint64_t epoch, Done<void> done) = 0;
  /// It is whole. `from`: counts as unsettled_from where nothing is noted.
  virtual void note_filled(uint32_t shard, uint64_t epoch, std::string store, int64_t from, Done<void> done) = 0;
  virtual void note_unsettled_from(uint32_t shard, uint64_t epoch, int64_t offset, Done<void> done) = 0;
};

}  // namespace schedules
