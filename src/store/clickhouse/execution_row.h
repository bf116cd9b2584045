// An execution as a row of schedule_execution_results. Internal to this room.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "clickhouse/row_binary.h"
#include "model/schedule.h"

namespace schedules {

/// As append_execution writes them, and read_execution wants them.
inline constexpr std::string_view kExecutionColumns =
    "execution_id, schedule_id, correlation_id, topic, entity_type, action, scheduled_at, executed_at, delay_seconds, "
    "status, error_message, retry_count, processing_time_ms, node_id, event_id, of_schedule, waited_far, "
    "schedule_name, "
    "entity_id, lateness_us, duration_us, state, reason, attempt, sink, position";
void append_execution(std::string& out, const Execution& execution);
/// Errors: corrupt.
Result<Execution> read_execution(clickhouse::RowReader& reader);

}  // namespace schedules
