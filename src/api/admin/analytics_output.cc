#include "api/admin/analytics.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

void append_ms(json::Writer& out, std::string_view name, const std::optional<Duration>& value) {
  out.key(name);
  if (value) {
    out.number(value->count() / 1000);
  } else {
    out.null();
  }
}

void append_number(json::Writer& out, std::string_view name, const std::optional<int64_t>& value) {
  out.key(name);
  if (value) {
    out.number(*value);
  } else {
    out.null();
  }
}

// An execution's own id is no UUID.
std::string uuid_of(const std::string& id) { return parse_id(id) ? id : derived_id("analytics:" + id).text(); }

void append_timing(json::Writer& out, const AnalyticsRecord& record) {
  out.field("scheduled_at", record.scheduled_at).field("started_processing_at", record.started_at);
  out.field("completed_at", record.completed_at);
  append_ms(out, "time_in_mongo_queue_ms", record.mongo_queue);
  append_ms(out, "time_in_clickhouse_queue_ms", record.clickhouse_queue);
  append_ms(out, "time_in_redis_queue_ms", record.redis_queue);
  append_ms(out, "total_processing_time_ms", record.processing.value_or(Duration{}));
  append_ms(out, "kafka_publish_time_ms", record.publish);
}

}  // namespace

void append_record(std::string& text, const AnalyticsRecord& record) {
  json::Writer out(text);
  out.open('{').field("analytics_id", uuid_of(record.id)).field("schedule_type", to_string(record.type));
  out.field("schedule_id", record.schedule_id).field("schedule_name", record.schedule_name);
  out.field("level", to_string(record.level)).field("event_type", record.event_type);
  out.field("event_action", record.event_action).field("event_entity_id", record.entity_id);
  out.field("correlation_id", record.correlation_id);
  append_timing(out, record);
  out.field("execution_result", to_string(record.result)).key("retry_count").number(record.retry_count);
  out.field("error_message", record.error).field("processed_by_node", record.node).field("kafka_topic", record.topic);
  append_number(out, "kafka_partition", record.partition);
  append_number(out, "kafka_offset", record.offset);
  out.field("source_mongo_execution_id", record.mongo_execution_id);
  out.field("source_clickhouse_id", record.clickhouse_id).field("source_redis_key", record.redis_key).close('}');
}

}  // namespace schedules::api
