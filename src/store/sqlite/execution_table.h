// The statements on the table of executions: append, find, expire.
#pragma once

#include <string>
#include <vector>

#include "store/execution_store.h"
#include "store/sqlite/database.h"
#include "store/sqlite/where.h"

namespace schedules::sqlite {

Status append_executions(Database& database, const std::vector<Execution>& executions);
/// Errors: invalid_argument (cursor).
Result<ExecutionPage> find_executions(Database& database, const ExecutionFilter& filter);
/// Removes the oldest of those before `before`, at most `limit`; answers how many.
Result<uint64_t> expire_executions(Database& database, TimePoint before, size_t limit);

/// Where the rows of a filter come from: all of it but cursor, skip and limit.
struct ExecutionSource {
  std::string with;  ///< to stand before SELECT
  std::string from;  ///< "executions AS e …" with the index that fits
  Where where;
};
ExecutionSource source_of(const ExecutionFilter& filter);

}  // namespace schedules::sqlite
