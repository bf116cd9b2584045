// Orders all writes of one process: one round is under way, and whatever comes meanwhile makes up the next. So two calls
// for one event never overlap within a process, and a crowd of small puts becomes few large inserts without waiting for
// a clock. Thread-safe. Internal to this room.
#pragma once

#include <deque>
#include <mutex>

#include "base/random.h"
#include "store/clickhouse/far_round.h"
#include "time/clock.h"

namespace schedules {

struct FarWriterOptions {
  Duration dedupe_window{};
  size_t group_count = 50'000;  ///< events of one round, about
  size_t group_bytes = size_t{64} << 20U;
  size_t queue_bytes = size_t{128} << 20U;  ///< over it `overloaded` is answered
};

class FarWriter {
 public:
  FarWriter(ClickHouseGate& gate, FarWriterOptions options, const Clock& clock, Random& random);

  /// Answers on the client's thread; at once, in the caller, where it is overloaded.
  void submit(FarRequestPtr request);

 private:
  void next_round();
  [[nodiscard]] std::vector<FarRequestPtr> take();
  [[nodiscard]] uint64_t next_batch(TimePoint now);

  ClickHouseGate& gate_;
  const FarWriterOptions options_;
  const Clock& clock_;
  Random& random_;
  const uint64_t node_;
  uint64_t last_batch_ = 0;  ///< of the round under way

  std::mutex mutex_;
  std::deque<FarRequestPtr> queue_;  ///< guarded by mutex_
  size_t queued_bytes_ = 0;          ///< guarded by mutex_
  bool busy_ = false;                ///< guarded by mutex_
};

}  // namespace schedules
