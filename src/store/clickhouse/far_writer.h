// Orders all writes of one process: what comes while a round is under way makes up the next, so that a crowd of small puts
// becomes few large inserts without waiting for a clock. Where much waits, a few rounds run side by side; they never
// share an event, so two calls for one event are done in the order in which they came. Thread-safe. Internal to this room.
#pragma once

#include <deque>
#include <mutex>
#include <unordered_set>

#include "base/random.h"
#include "store/clickhouse/far_round.h"
#include "time/clock.h"

namespace schedules {

struct FarWriterOptions {
  Duration dedupe_window{};
  size_t rounds = 2;             ///< side by side, at most
  size_t worth_a_round = 4'000;  ///< events that must wait before another round joins those under way
  size_t group_count = 25'000;   ///< events of one round, about
  size_t group_bytes = size_t{32} << 20U;
  size_t queue_bytes = size_t{128} << 20U;  ///< over it `overloaded` is answered
};

class FarWriter {
 public:
  FarWriter(ClickHouseGate& gate, FarWriterOptions options, const Clock& clock, Random& random);

  /// Answers on the client's thread; at once, in the caller, where it is overloaded.
  void submit(FarRequestPtr request);

 private:
  struct Round {
    std::vector<FarRequestPtr> requests;
    std::vector<EventId> ids;
    FarRoundOptions options;
  };

  /// With mutex_ held.
  [[nodiscard]] std::vector<Round> take();
  [[nodiscard]] Round take_one();
  [[nodiscard]] uint64_t next_batch(TimePoint now);

  void start(std::vector<Round> rounds);
  void ended(const std::vector<EventId>& ids);

  ClickHouseGate& gate_;
  const FarWriterOptions options_;
  const Clock& clock_;
  Random& random_;
  const uint64_t node_;

  // All guarded by mutex_.
  std::mutex mutex_;
  std::deque<FarRequestPtr> queue_;
  size_t queued_bytes_ = 0;
  size_t queued_count_ = 0;
  size_t under_way_ = 0;                           ///< rounds
  std::unordered_set<EventId, EventIdHash> busy_;  ///< of the rounds under way
  uint64_t last_batch_ = 0;
};

}  // namespace schedules
