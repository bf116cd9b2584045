// Rollups: the hourly states added up further, by day and kind, and by hour for all kinds, so that long ranges merge few of
// them. They are made by refresh_rollups(), now and then; a date's are used while they count as many executions as its states
// do, so a late execution is never missed. Internal to this room.
#pragma once

#include "store/clickhouse/execution_core.h"

namespace schedules {

enum class Grain : uint8_t { kinds_by_day, all_by_hour };

/// Which rollups answer such figures; none: only the states do.
std::optional<Grain> grain_for(const ExecutionFilter& filter, std::optional<GroupBy> by);
std::string_view to_string(Grain grain);
/// A condition on `date`: its rollups are whole.
std::string is_rolled_up(Grain grain);

/// Makes the rollups of the dates where they are missing, or count less than the states.
void refresh_rollups(const ExecutionCore& core, Done<void> done);

}  // namespace schedules
