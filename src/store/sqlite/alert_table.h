// The statements on the table of alerts, and the schedules that are watched.
#pragma once

#include <vector>

#include "store/alert_store.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

/// Errors: invalid_argument (cursor).
Result<AlertPage> find_alerts(Database& database, const AlertFilter& filter);
Result<std::vector<bool>> save_alerts(Database& database, const std::vector<Alert>& alerts);
Result<uint64_t> forget_alerts(Database& database, TimePoint before);

}  // namespace schedules::sqlite
