// The statements on the table of schedules. Each runs inside the caller's transaction; those that
// refuse do so before they change anything.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/schedule_store.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

Result<Schedule> insert_schedule(Database& database, const Schedule& schedule);
Result<Schedule> replace_schedule(Database& database, const Schedule& schedule);
Result<std::optional<Schedule>> get_schedule(Database& database, const std::string& id);
Result<std::vector<Schedule>> find_schedules(Database& database, const ScheduleFilter& filter);
Result<uint64_t> count_schedules(Database& database, const ScheduleFilter& filter);
Result<bool> remove_schedule(Database& database, const std::string& id);
Result<std::vector<Schedule>> due_schedules(Database& database, TimePoint until, size_t limit);
/// Active ones, and completed ones whose last run failed, by id behind `after`.
Result<std::vector<Schedule>> watched_schedules(Database& database, const std::string& after, size_t limit);
Status mark_schedules(Database& database, const std::vector<Schedule>& schedules);
Result<std::vector<ScheduleRevision>> schedule_revisions(Database& database, const std::vector<std::string>& ids);
Status count_executions(Database& database, const std::vector<ExecutionNote>& notes);

}  // namespace schedules::sqlite
