#include "model/analytics.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "model/names.h"

namespace schedules {
namespace {

constexpr std::array<std::string_view, 3> kTypes{"mongo_periodic", "clickhouse_delayed", "redis_immediate"};
constexpr std::array<std::string_view, 3> kLevels{"info", "warning", "error"};
constexpr std::array<std::string_view, 5> kResults{"success", "failure", "timeout", "cancelled", "retry"};

std::optional<std::string> if_any(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

ScheduleType type_of(const Execution& execution) {
  if (!execution.schedule_id.empty()) return ScheduleType::mongo_periodic;
  return execution.waited_far ? ScheduleType::clickhouse_delayed : ScheduleType::redis_immediate;
}

AnalyticsResult result_of(const Execution& execution) {
  if (execution.status == RunStatus::skipped) return AnalyticsResult::cancelled;
  if (execution.status != RunStatus::failure) return AnalyticsResult::success;
  return execution.state == State::pending ? AnalyticsResult::retry : AnalyticsResult::failure;
}

AnalyticsLevel level_of(const Execution& execution) {
  if (execution.status == RunStatus::failure) return AnalyticsLevel::error;
  return execution.status == RunStatus::skipped ? AnalyticsLevel::warning : AnalyticsLevel::info;
}

// Kafka's position is "partition:offset".
void add_kafka(const Execution& execution, AnalyticsRecord& record) {
  if (execution.sink != "kafka") return;
  record.topic = if_any(execution.topic);
  const std::string_view position = execution.position;
  const size_t colon = position.find(':');
  if (colon == std::string_view::npos) return;
  record.partition = number(position.substr(0, colon));
  record.offset = number(position.substr(colon + 1));
  record.publish = record.processing;
}

}  // namespace

AnalyticsRecord record_of(const Execution& execution) {
  AnalyticsRecord record{
      .id = execution.id,
      .type = type_of(execution),
      .schedule_id = execution.schedule_id.empty() ? execution.event_id.text() : execution.schedule_id,
      .schedule_name = if_any(execution.schedule_name),
      .level = level_of(execution),
      .event_type = execution.entity_type,
      .event_action = execution.action,
      .entity_id = if_any(execution.entity_id),
      .correlation_id = execution.correlation_id,
      .scheduled_at = execution.due_at,
      .started_at = execution.executed_at,
      .completed_at = execution.executed_at + execution.duration,
      .result = result_of(execution),
      .retry_count = execution.attempt > 0 ? execution.attempt - 1 : 0,
      .error = if_any(execution.error),
      .node = if_any(execution.node_id)};
  if (!record.error && execution.status == RunStatus::skipped) record.error = if_any(execution.reason);
  if (record.type == ScheduleType::mongo_periodic) record.mongo_execution_id = execution.id;
  if (record.type == ScheduleType::clickhouse_delayed) record.clickhouse_id = execution.event_id.text();
  if (execution.status == RunStatus::skipped) return record;
  const Duration waited = std::max(execution.executed_at - execution.due_at, Duration{});
  auto& queue = record.type == ScheduleType::mongo_periodic       ? record.mongo_queue
                : record.type == ScheduleType::clickhouse_delayed ? record.clickhouse_queue
                                                                  : record.redis_queue;
  queue = waited;
  record.processing = execution.duration;
  add_kafka(execution, record);
  return record;
}

std::string_view to_string(ScheduleType value) { return kTypes.at(static_cast<size_t>(value)); }
std::string_view to_string(AnalyticsLevel value) { return kLevels.at(static_cast<size_t>(value)); }
std::string_view to_string(AnalyticsResult value) { return kResults.at(static_cast<size_t>(value)); }
std::optional<ScheduleType> parse_schedule_type(std::string_view text) {
  return enum_named<ScheduleType>(kTypes, text);
}
std::optional<AnalyticsLevel> parse_analytics_level(std::string_view text) {
  return enum_named<AnalyticsLevel>(kLevels, text);
}
std::optional<AnalyticsResult> parse_analytics_result(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return enum_named<AnalyticsResult>(kResults, lower);
}

}  // namespace schedules
