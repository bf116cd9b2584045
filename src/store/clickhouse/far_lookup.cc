#include "store/clickhouse/far_lookup.h"

#include <algorithm>

namespace schedules {
namespace {

// Rows of one key lie in one partition (event_schema.h), so each partition may be settled by itself.
constexpr std::string_view kFind =
    "SELECT {} FROM event_schedules FINAL WHERE (scheduled_at, schedule_id, event_id) IN"
    " (SELECT scheduled_at, if(schedule_id = '', toString(event_id), schedule_id), event_id FROM event_schedule_ids"
    " WHERE event_id IN (SELECT id FROM wanted))"
    " SETTINGS do_not_merge_across_partitions_select_final = 1";

Result<FarSlots> read_slots(const clickhouse::Answer& answer) {
  FarSlots slots;
  clickhouse::RowReader reader(answer.body);
  while (!reader.at_end()) {
    auto row = read_row(reader);
    if (!row) return fail(std::move(row.error()));
    slots[row->event.id].rows.push_back(std::move(*row));
  }
  return slots;
}

}  // namespace

const FarRow* FarSlot::truth() const {
  const FarRow* highest = nullptr;
  for (const auto& row : rows) {
    if (row.status == FarStatus::skipped) continue;
    if (highest == nullptr || row.version > highest->version) highest = &row;
  }
  return highest;
}

FarRow* FarSlot::at_key(const FarRow& key) {
  const auto found = std::ranges::find_if(rows, [&](const FarRow& row) { return row.same_key(key); });
  return found == rows.end() ? nullptr : &*found;
}

clickhouse::Query far_lookup_query(const std::vector<EventId>& ids) {
  clickhouse::Query query{.sql = fmt::format(fmt::runtime(kFind), kReadColumns)};
  clickhouse::Table wanted{.name = "wanted", .structure = "id UUID", .rows = {}};
  wanted.rows.reserve(ids.size() * 16);
  clickhouse::RowWriter writer(wanted.rows);
  for (const auto& id : ids) writer.id(id);
  query.tables.push_back(std::move(wanted));
  return query;
}

void look_up_far(ClickHouseGate& gate, const std::vector<EventId>& ids, Done<FarSlots> done) {
  gate.query(far_lookup_query(ids), [done = std::move(done)](Result<clickhouse::Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    done(read_slots(*answer));
  });
}

}  // namespace schedules
