// Analytics: executions and posted records looked up and added up together.
#pragma once

#include <vector>

#include "store/analytics_store.h"
#include "store/sqlite/database.h"
#include "store/sqlite/execution_find.h"

namespace schedules::sqlite {

Result<std::vector<AnalyticsRecord>> find_records(Database& database, const AnalyticsFilter& filter);
Result<std::vector<AnalyticsGroup>> analytics_figures(Database& database, const AnalyticsFilter& filter,
                                                      AnalyticsBy by);
Result<std::vector<ErrorPattern>> common_errors(Database& database, const AnalyticsFilter& filter);

/// The executions that the filter selects, as filters of which each gives a part: those of a schedule by its id, of a plain
/// event by the event's.
std::vector<ExecutionFilter> executions_of(const AnalyticsFilter& filter);
/// The posted records that it selects. It refers to the filter.
Where records_where(const AnalyticsFilter& filter);

}  // namespace schedules::sqlite
