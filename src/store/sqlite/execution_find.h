// Looking executions up: pages, the newest, and where the rows of a filter are.
#pragma once

#include <string>
#include <vector>

#include "store/execution_store.h"
#include "store/sqlite/database.h"
#include "store/sqlite/where.h"

namespace schedules::sqlite {

/// Errors: invalid_argument (cursor).
Result<ExecutionPage> find_executions(Database& database, const ExecutionFilter& filter);
/// Those with a duration only, newest first, at most `limit`; the filter's cursor, skip and limit
/// play no part.
Result<std::vector<Execution>> newest_timed_executions(Database& database, const ExecutionFilter& filter, size_t limit);

/// Where the rows of a filter come from: all of it but cursor, skip and limit.
struct ExecutionSource {
  std::string from;  ///< "executions AS e …" with the index that fits
  Where where;
};
ExecutionSource source_of(const ExecutionFilter& filter);

}  // namespace schedules::sqlite
