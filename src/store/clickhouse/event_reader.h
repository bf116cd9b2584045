// The far store's reads: what is due, find, get, counts. All look at narrow columns first and fetch whole events for the few
// keys that remain. Internal to this room.
#pragma once

#include <memory>
#include <mutex>

#include "store/clickhouse/far_lookup.h"
#include "store/event_catalog.h"
#include "store/far_store.h"
#include "time/clock.h"

namespace schedules {

struct FarDue {
  FarPage page;
  /// Their old rows were left open by a change that was cut short: no event of the page, but in its way.
  std::vector<EventId> strays;
  bool pointer_lost = false;  ///< a row that waits is not found by its id
};

/// Keys of what waits until then, in order.
clickhouse::Query far_due_query(TimePoint until, size_t limit);

class ClickHouseEventReader {
 public:
  ClickHouseEventReader(ClickHouseGate& gate, Duration dedupe_window, const Clock& clock);

  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done);
  void due_before(TimePoint until, size_t limit, Done<FarDue> done);
  void find(FindRequest request, Done<EventPage> done);
  /// Asked again after a second at the earliest, and the later the longer it took.
  void counts(Done<TierCounts> done);
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done);
  /// After a write of this process: the next count is a fresh one, where counting is quick.
  void counts_changed();

 private:
  struct Counted {
    std::mutex mutex;
    TierCounts counts;
    SteadyPoint until{};
    Duration took{};
    uint64_t writes = 0;
  };

  ClickHouseGate& gate_;
  const Duration dedupe_window_;
  const Clock& clock_;
  std::shared_ptr<Counted> counted_ = std::make_shared<Counted>();
};

}  // namespace schedules
