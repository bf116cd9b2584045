// Fills a shard's stores from the journal where the near store has lost writes or may have: before the shard fires
// again. A few shards at a time, on threads of its own. Thread-safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "journal/journal.h"
#include "store/far_store.h"
#include "store/journal_marks.h"
#include "store/near_store.h"
#include "time/clock.h"

namespace schedules {

struct RebuildFigures {
  uint64_t waiting = 0;  ///< shards whose turn has not come
  uint64_t filling = 0;  ///< shards that are being filled
  uint64_t read = 0;     ///< records of those, of about `total`
  uint64_t total = 0;
  uint64_t shards_filled = 0;  ///< since the start
  uint64_t events_put_back = 0;

  [[nodiscard]] bool under_way() const { return waiting + filling > 0; }
  /// Of those that are being filled, how far they are; 1: none is.
  [[nodiscard]] double share() const {
    if (filling == 0) return 1;
    return total == 0 ? 0 : std::min(1.0, static_cast<double>(read) / static_cast<double>(total));
  }
};

class Rebuild {
 public:
  struct Ports {
    Journal& journal;
    JournalMarks& marks;
    /// Of what owners before this epoch published nothing is undecided when it answers, and they publish nothing more.
    /// May block.
    std::function<Status(uint32_t shard, uint64_t epoch)> fence;
    /// Puts if absent into the near store without the journal, as long as the owner of `filling` fills the shard.
    std::function<void(uint64_t filling, std::vector<Event>, Done<std::vector<PutOutcome>>)> put_back;
    FarStore& far;  ///< without the journal
    const Clock& clock;
    Duration horizon;  ///< due beyond it: far
    /// Other nodes' accepts that were under way when a store was lost reach the journal within this.
    Duration late = std::chrono::seconds(15);
    std::function<void(uint32_t shard)> changed;  ///< events may have come into the shard; may be empty
    size_t side_by_side = 4;                      ///< shards that are filled at a time
  };

  explicit Rebuild(Ports ports);
  ~Rebuild() { stop(); }
  /// What waits answers shutting_down, and so does every later call; what is being filled is waited for.
  void stop();

  /// The shard is taken over under this epoch. Answers once it has all that it should: at once where nothing says
  /// otherwise. Errors: unavailable, stale_epoch, conflict (it was lost again, or taken over anew).
  void ensure(uint32_t shard, uint64_t epoch, Done<void> done);
  [[nodiscard]] RebuildFigures figures() const;

 private:
  struct Turn {
    uint32_t shard = 0;
    uint64_t epoch = 0;
    std::string store;
    ReplayFrom from;
    SteadyPoint not_before{};
    Done<void> done;  ///< empty: a later look, which holds nothing up
  };

  void run();
  std::optional<Turn> next();
  void fill(Turn turn);
  Result<ReplayProgress> fill_whole(Turn& turn);
  void look_later(Turn turn);
  Result<ReplayProgress> replay(const Turn& turn);
  /// Of a later look: only while the shard is whole. One that has lost its data meanwhile is filled from the beginning, and
  /// then knows of ends that this look may have been too early for.
  Status still_whole(const Turn& turn);
  Status put_back(const Turn& turn, std::vector<Event> events);
  Status put_near(const Turn& turn, std::vector<Event> events);

  Ports ports_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Turn> turns_;
  std::map<uint32_t, ReplayProgress> running_;  ///< of those that hold up a shard
  uint64_t shards_filled_ = 0;
  uint64_t events_put_back_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace schedules
