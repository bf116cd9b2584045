// Runs of schedules, a row for each schedule that has any: the list packed into one blob. Runs inside the caller's
// transaction.
#pragma once

#include "store/run_book.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

Result<std::vector<RunEntry>> change_runs(Database& database, const std::string& schedule_id, const RunChange& change);

}  // namespace schedules::sqlite
