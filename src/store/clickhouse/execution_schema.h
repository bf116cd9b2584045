// The tables of executions and analytics in ClickHouse. Internal to this room.
//
//   schedule_execution_results     one row an execution, under the names and types that the runbook reads; ours beside them.
//                                  Ordered by (executed_at, execution_id): a repeated row is merged away.
//   schedule_performance_states    hourly states by kind of event and topic, fed by schedule_performance_metrics_mv.
//   schedule_performance_rollups   those added up by day, and by hour for all kinds (execution_rollup.h).
//   schedule_performance_metrics   a view: those states as plain numbers.
//   schedule_executions_by_schedule  what figures need of the executions of schedules, by schedule; fed by …_mv.
//   schedule_analytics_records     records that other programs posted.
//   schedule_analytics             a view: executions and posted records in the original's shape.
//
// Rows of results and states are in daily and monthly partitions; their TTL follows the settings.
#pragma once

#include "store/clickhouse/migrations.h"

namespace schedules {

const ClickHouseLayout& execution_layout();

/// The TTL clauses for figures kept `analytics_days`, and the history of schedules `history_days`.
std::string results_ttl(uint32_t history_days, uint32_t analytics_days);
std::string by_schedule_ttl(uint32_t history_days, uint32_t analytics_days);
std::string states_ttl(uint32_t analytics_days);
std::string records_ttl(uint32_t analytics_days);

/// Of the executions that were tried, i.e. that have a lateness.
inline constexpr std::string_view kTried = "status IN ('success', 'error', 'timeout')";
/// Percentiles of states: 0.5 % off at most. Part of the layout.
inline constexpr std::string_view kSketch = "quantilesDD(0.005, 0.5, 0.95, 0.99)";

}  // namespace schedules
