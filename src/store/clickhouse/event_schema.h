// The tables of far events in ClickHouse. Internal to this room.
//
//   event_schedules              one row an event and due time; of several, ReplacingMergeTree keeps that of the highest
//                                `version` (event_row.h). Readable columns carry the names that the runbook uses; `record`
//                                is the whole event but its body, and what we read.
//   event_schedule_ids           where the rows of an id are: an index, written before the row it points to. A pointer
//                                to nothing does no harm.
//   clickhouse_scheduled_events  a view: the current rows, under the name that the original's model has.
//
// Partitions are by due day for what is due within a week of its creation, by due month beyond: each partition that an
// insert touches costs it a part, some milliseconds, and someone who plans a year ahead would pay 365. All rows of one key
// share created_at, so they share their partition, and dropping one drops an event's old states together with its last.
#pragma once

#include <string_view>

#include "store/clickhouse/migrations.h"

namespace schedules {

const ClickHouseLayout& event_layout();

/// Makes the pointers of all rows again, for when some are lost. May be repeated.
std::string_view rebuild_pointers();

}  // namespace schedules
