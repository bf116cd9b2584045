// Analytics records, as the original's module keeps them: one for each processing of a scheduled event. Ours are made of
// executions; others are posted by programs that fire events themselves. Plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/schedule.h"

namespace schedules {

enum class ScheduleType : uint8_t { mongo_periodic, clickhouse_delayed, redis_immediate };
enum class AnalyticsLevel : uint8_t { info, warning, error };
enum class AnalyticsResult : uint8_t { success, failure, timeout, cancelled, retry };

struct AnalyticsRecord {
  std::string id;
  ScheduleType type = ScheduleType::redis_immediate;
  std::string schedule_id;  ///< of a plain event: its event id
  std::optional<std::string> schedule_name;
  AnalyticsLevel level = AnalyticsLevel::info;
  std::string event_type;
  std::string event_action;
  std::optional<std::string> entity_id;
  std::string correlation_id;
  TimePoint scheduled_at;
  TimePoint started_at;
  TimePoint completed_at;
  // Absent where nothing was processed: a decision not to fire.
  std::optional<Duration> mongo_queue;
  std::optional<Duration> clickhouse_queue;
  std::optional<Duration> redis_queue;
  std::optional<Duration> processing;
  std::optional<Duration> publish;
  AnalyticsResult result = AnalyticsResult::success;
  uint32_t retry_count = 0;
  std::optional<std::string> error;
  std::optional<std::string> node;
  std::optional<std::string> topic;
  std::optional<int64_t> partition;
  std::optional<int64_t> offset;
  std::optional<std::string> mongo_execution_id;
  std::optional<std::string> clickhouse_id;
  std::optional<std::string> redis_key;

  bool operator==(const AnalyticsRecord&) const = default;
};

/// The record that an execution is. Its queue time is what it waited beyond its due time.
AnalyticsRecord record_of(const Execution& execution);

std::string_view to_string(ScheduleType value);
std::string_view to_string(AnalyticsLevel value);
std::string_view to_string(AnalyticsResult value);
std::optional<ScheduleType> parse_schedule_type(std::string_view text);
std::optional<AnalyticsLevel> parse_analytics_level(std::string_view text);
/// In any case: the original's default is written in capitals.
std::optional<AnalyticsResult> parse_analytics_result(std::string_view text);

}  // namespace schedules
