// Alerts in `schedules_alerts`: _id is "<schedule id>:<kind>", times are in microseconds beside what readers want to
// see. Blocks. Only for this room's sources.
#pragma once

#include <vector>

#include "mongo/connection.h"
#include "store/alert_store.h"

namespace schedules {

/// Errors: invalid_argument (cursor).
Result<AlertPage> find_alerts(mongo::Connection& mongo, const AlertFilter& filter);
Result<std::vector<bool>> save_alerts(mongo::Connection& mongo, const std::vector<Alert>& alerts);
Result<uint64_t> forget_alerts(mongo::Connection& mongo, TimePoint before);

}  // namespace schedules
