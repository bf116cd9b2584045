// Runs of schedules: { _id: <schedule id>, version: n, runs: <packed> } in `schedules_runs`. Blocks.
#pragma once

#include "mongo/connection.h"
#include "store/run_book.h"

namespace schedules {

Result<std::vector<RunEntry>> change_runs(mongo::Connection& mongo, const std::string& schedule_id,
                                          const RunChange& change);

}  // namespace schedules
