// One group of requests on its way through ClickHouse: look up → apply → pointers → rows → read back → look again at what
// was changed → close old rows → answer. Internal to this room.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "store/clickhouse/far_requests.h"
#include "store/clickhouse/migrations.h"

namespace schedules {

struct FarRoundOptions {
  TimePoint now;
  uint64_t node = 0;  ///< of the process, random
  Duration dedupe_window{};
  uint64_t batch = 0;  ///< a number of its own, which grows with time
};

/// Answers every request, then calls `done`; on the client's thread. The gate outlives it.
void run_far_round(ClickHouseGate& gate, std::vector<FarRequestPtr> requests, FarRoundOptions options,
                   std::move_only_function<void()> done);

}  // namespace schedules
