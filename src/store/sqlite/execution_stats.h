// Figures over executions. Counts and means are always exact. Percentiles are exact (nearest rank)
// up to `exact_rows_max` executions in the range; beyond that they come from the hourly sums, at
// most 0.8 % off, where the filter names nothing but times, entity_type and action, else from a
// histogram of the rows, as precise.
#pragma once

#include <vector>

#include "store/execution_store.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

Result<ExecutionStats> execution_stats(Database& database, const ExecutionFilter& filter, size_t exact_rows_max);
Result<std::vector<ExecutionGroup>> execution_groups(Database& database, const ExecutionFilter& filter, GroupBy by,
                                                     size_t exact_rows_max);
Result<std::vector<ErrorPattern>> error_patterns(Database& database, const ExecutionFilter& filter);

}  // namespace schedules::sqlite
