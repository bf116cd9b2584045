// Looks up what ClickHouse holds of some event ids: all rows of each, at whatever due times. Internal to this room.
#pragma once

#include <unordered_map>
#include <vector>

#include "store/clickhouse/event_row.h"
#include "store/clickhouse/migrations.h"

namespace schedules {

/// The current row of every due time that an event had.
struct FarSlot {
  std::vector<FarRow> rows;

  /// The row of the highest version that is not closed; null: the id is not known.
  [[nodiscard]] const FarRow* truth() const;
  [[nodiscard]] FarRow* at_key(const FarRow& key);
};

using FarSlots = std::unordered_map<EventId, FarSlot, EventIdHash>;

clickhouse::Query far_lookup_query(const std::vector<EventId>& ids);
/// Unknown ids are absent from the answer. Answers on the client's thread.
void look_up_far(ClickHouseGate& gate, const std::vector<EventId>& ids, Done<FarSlots> done);

}  // namespace schedules
