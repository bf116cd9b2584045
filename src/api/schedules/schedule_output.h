// Schedules and executions as the contract shows them, with our further fields. One writer each.
#pragma once

#include <string>

#include "model/schedule.h"
#include "store/execution_store.h"

namespace schedules::api {

void append_schedule(std::string& out, const Schedule& schedule);
void append_schedules(std::string& out, const std::vector<Schedule>& schedules);
void append_execution(std::string& out, const Execution& execution);
void append_schedule_stats(std::string& out, const std::string& id, const ExecutionStats& stats);

}  // namespace schedules::api
