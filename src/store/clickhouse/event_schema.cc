#include "store/clickhouse/event_schema.h"

namespace schedules {
namespace {

std::string events_table() {
  return fmt::format(R"(CREATE TABLE IF NOT EXISTS event_schedules
(
    schedule_id String CODEC(ZSTD(1)),
    event_id UUID,
    topic String,
    entity_type String,
    entity_id String,
    action String,
    actor_type String,
    actor_id String,
    body String CODEC(ZSTD(1)),
    headers String CODEC(ZSTD(1)),
    correlation_id String,
    scheduled_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    max_delay_seconds UInt32 DEFAULT 86400,
    priority Int32 DEFAULT 0,
    source String,
    source_id String,
    source_execution_id String,
    status Enum8('pending' = 1, 'processing' = 2, 'completed' = 3, 'error' = 4, 'skipped' = 5, 'transferred' = 6,
                 'cancelled' = 7) DEFAULT 'pending',
    created_at DateTime64(6, 'UTC') DEFAULT now64(6) CODEC(Delta, ZSTD(1)),
    updated_at DateTime64(6, 'UTC') DEFAULT now64(6) CODEC(Delta, ZSTD(1)),
    processing_started_at Nullable(DateTime64(6, 'UTC')),
    completed_at Nullable(DateTime64(6, 'UTC')),
    error Nullable(String),
    retry_count UInt8 DEFAULT 0,
    max_retries UInt32 DEFAULT 3,
    node_id Nullable(String),
    lock_until Nullable(DateTime64(6, 'UTC')),
    transferred_to_redis_at Nullable(DateTime64(6, 'UTC')),
    redis_key Nullable(String),
    event_key String,
    tags Array(String),
    revision UInt64,
    record String CODEC(ZSTD(1)),
    batch UInt64 CODEC(ZSTD(1)),
    version UInt64,
    INDEX idx_batch batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY if(scheduled_at < created_at + toIntervalDay(8), toYYYYMMDD(scheduled_at), toYYYYMM(scheduled_at))
ORDER BY (scheduled_at, schedule_id, event_id)
SETTINGS index_granularity = 1024, {})",
                     kDurable);
}

std::string ids_table() {
  return fmt::format(R"(CREATE TABLE IF NOT EXISTS event_schedule_ids
(
    event_id UUID,
    scheduled_at DateTime64(6, 'UTC'),
    schedule_id String COMMENT 'empty: the event id',
    batch UInt64 CODEC(ZSTD(1)),
    INDEX idx_batch batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(scheduled_at)
ORDER BY (event_id, scheduled_at, schedule_id)
SETTINGS index_granularity = 512, {})",
                     kDurable);
}

constexpr std::string_view kView = R"(CREATE VIEW IF NOT EXISTS clickhouse_scheduled_events AS
SELECT schedule_id, event_id, topic, entity_type, entity_id, action, actor_type, actor_id, body AS payload, headers,
    correlation_id, scheduled_at, max_delay_seconds, priority, source, source_id, source_execution_id,
    if(status = 'transferred', 'transferred_to_redis', toString(status)) AS status, created_at, updated_at,
    processing_started_at, completed_at, error, retry_count, max_retries, node_id, lock_until, transferred_to_redis_at,
    redis_key
FROM event_schedules FINAL)";

}  // namespace

std::string_view rebuild_pointers() {
  return "INSERT INTO event_schedule_ids (event_id, scheduled_at, schedule_id, batch)"
         " SELECT event_id, scheduled_at, if(schedule_id = toString(event_id), '', schedule_id), batch"
         " FROM event_schedules SETTINGS max_partitions_per_insert_block = 0, async_insert = 0";
}

const ClickHouseLayout& event_layout() {
  static const ClickHouseLayout layout{
      .component = "events",
      .steps = {{events_table(), ids_table(), std::string(rebuild_pointers()), std::string(kView)}}};
  return layout;
}

}  // namespace schedules
