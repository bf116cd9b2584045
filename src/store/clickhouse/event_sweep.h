// Drops partitions of event_schedules, and of its pointers, whose time is past and in which nothing waits. Finished rows
// go with them; a pending one keeps its partition for as long as it takes. Internal to this room.
#pragma once

#include <atomic>

#include "store/clickhouse/migrations.h"
#include "time/clock.h"

namespace schedules {

class ClickHouseEventSweep {
 public:
  /// `keep`: how long after a partition's end its rows are still needed (remembered ids).
  ClickHouseEventSweep(ClickHouseGate& gate, Duration keep, const Clock& clock);

  /// Runs in the background, unless it ran within the last hour.
  void run_if_due();
  void run(Done<size_t> dropped);

 private:
  ClickHouseGate& gate_;
  const Duration keep_;
  const Clock& clock_;
  std::atomic<SteadyPoint> next_{SteadyPoint::min()};
};

}  // namespace schedules
