// A posted analytics record as a row of schedule_analytics_records. Internal to this room.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "clickhouse/row_binary.h"
#include "model/analytics.h"

namespace schedules {

/// As append_record writes them, and read_record wants them.
inline constexpr std::string_view kRecordColumns =
    "analytics_id, schedule_type, schedule_id, schedule_name, level, event_type, event_action, event_entity_id, "
    "correlation_id, scheduled_at, started_processing_at, completed_at, mongo_queue_us, clickhouse_queue_us, "
    "redis_queue_us, processing_us, publish_us, execution_result, retry_count, error_message, processed_by_node, "
    "kafka_topic, kafka_partition, kafka_offset, source_mongo_execution_id, source_clickhouse_id, source_redis_key";
void append_record(std::string& out, const AnalyticsRecord& record);
/// Errors: corrupt.
Result<AnalyticsRecord> read_record(clickhouse::RowReader& reader);

}  // namespace schedules
