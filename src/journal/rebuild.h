// Fills a shard's stores from the journal where the near store has lost writes or may have: before the shard fires again. One
// shard at a time, on a thread of its own. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "journal/journal.h"
#include "store/far_store.h"
#include "store/journal_marks.h"
#include "store/near_store.h"
#include "time/clock.h"

namespace schedules {

struct RebuildFigures {
  uint64_t waiting = 0;           ///< shards whose turn has not come
  std::optional<uint32_t> shard;  ///< the one that is being filled
  ReplayProgress progress;        ///< of it
  uint64_t shards_filled = 0;     ///< since the start
  uint64_t events_put_back = 0;
};

class Rebuild {
 public:
  struct Ports {
    Journal& journal;
    JournalMarks& marks;
    NearStore& near;  ///< those without the journal
    FarStore& far;
    const Clock& clock;
    Duration horizon;  ///< due beyond it: far
    /// Other nodes' accepts that were under way when a store was lost reach the journal within this.
    Duration late = std::chrono::seconds(15);
    std::function<void(uint32_t shard)> changed;  ///< events may have come into the shard; may be empty
  };

  explicit Rebuild(Ports ports);
  /// What waits answers shutting_down; what is being filled is waited for.
  ~Rebuild();

  /// Answers once the shard has all that it should: at once where nothing says otherwise. Errors: unavailable.
  void ensure(uint32_t shard, Done<void> done);
  [[nodiscard]] RebuildFigures figures() const;

 private:
  struct Turn {
    uint32_t shard = 0;
    std::string store;
    int64_t from = 0;  ///< of the journal
    SteadyPoint not_before{};
    Done<void> done;
  };

  void run();
  std::optional<Turn> next();
  void fill(Turn turn);
  Result<ReplayProgress> replay(const Turn& turn);
  /// Of a later look: only while the shard is whole. One that has lost its data meanwhile is filled from the beginning, and
  /// then knows of ends that this look may have been too early for.
  Status still_whole(const Turn& turn);
  Status put_back(std::vector<Event> events);

  Ports ports_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Turn> turns_;
  RebuildFigures figures_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace schedules
