// Changes to the table of executions. Each runs inside the caller's transaction.
#pragma once

#include <vector>

#include "store/execution_store.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

/// Known ones (the same id at the same executed_at) are left out.
Status append_executions(Database& database, const std::vector<Execution>& executions);
/// Removes the oldest of those before the cuts, at most `limit`; answers how many.
Result<Expired> expire_executions(Database& database, RetentionCuts cuts, size_t limit);

}  // namespace schedules::sqlite
