// What is known of every run without reading it: how many events wait in it, and a place before which it holds nothing.
// The place lets a scan begin behind the deletions at its head instead of walking over them; the count is exact and
// is stored in the same write as the events it counts.
//
// Threads: the writer changes it (add … commit), anybody reads. The place only ever rises on the writer's thread,
// where no put can be under way at the same moment.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/rocksdb/database.h"
#include "store/rocksdb/layout.h"

namespace schedules::rocks {

class RunTable {
 public:
  explicit RunTable(uint32_t shards);
  /// Reads the stored figures; forgets what was known before.
  Status load(const Database::Reading& reading);

  void add(const RunId& run, const Place& place, bool moved);
  void remove(const RunId& run, bool moved);
  /// Adds the changed figures to the batch; from here on no scan starts behind an added event.
  void stage(rocksdb::WriteBatch& batch);
  void commit();
  void abort();

  /// Runs from which enough was removed to make looking for their first event worth it; each is told once.
  [[nodiscard]] std::vector<RunId> take_worn() { return std::exchange(worn_, {}); }
  /// The run holds nothing before `first`.
  void raise(const RunId& run, const Place& first);

  struct Scan {
    RunId run;
    Place from;
    bool has_moved = false;  ///< some event fires later than its due time
  };
  /// Runs that are not empty.
  [[nodiscard]] std::vector<Scan> scans(Tier tier) const;
  [[nodiscard]] std::vector<Scan> scans_of_shard(uint32_t shard) const;
  [[nodiscard]] std::optional<Scan> scan(const RunId& run) const;
  [[nodiscard]] uint64_t pending(Tier tier) const;

 private:
  struct Run {
    uint64_t pending = 0;
    uint64_t moved = 0;
    uint64_t removed_since_raise = 0;
    Place from;
    // What the group being written changes.
    bool touched = false;
    int64_t pending_change = 0;
    int64_t moved_change = 0;
    uint64_t removed = 0;
    std::optional<Place> lowest_added;
  };

  [[nodiscard]] size_t index_of(const RunId& run) const;
  [[nodiscard]] RunId run_at(size_t index) const;
  Run& touch(const RunId& run);
  void append_scan(std::vector<Scan>& scans, size_t index) const;

  const uint32_t shards_;
  mutable std::mutex mutex_;
  std::vector<Run> runs_;  ///< shards × classes near ones, then the far one
  // The writer's alone.
  std::vector<size_t> touched_;
  std::vector<RunId> worn_;
};

}  // namespace schedules::rocks
