#include "store/clickhouse/execution_schema.h"

#include <algorithm>

namespace schedules {
namespace {

constexpr uint32_t kHistoryDays = 30;
constexpr uint32_t kAnalyticsDays = 90;

std::string results_table() {
  return fmt::format(R"(CREATE TABLE IF NOT EXISTS schedule_execution_results
(
    execution_id String CODEC(ZSTD(1)),
    schedule_id String COMMENT 'of a plain event: its id' CODEC(ZSTD(1)),
    correlation_id String CODEC(ZSTD(1)),
    topic String CODEC(ZSTD(1)),
    entity_type String CODEC(ZSTD(1)),
    action String CODEC(ZSTD(1)),
    scheduled_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    executed_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    delay_seconds Float64 CODEC(ZSTD(1)),
    status Enum8('success' = 1, 'error' = 2, 'timeout' = 3, 'skipped' = 4, 'running' = 5),
    error_message Nullable(String) CODEC(ZSTD(1)),
    retry_count UInt8,
    processing_time_ms UInt32 CODEC(ZSTD(1)),
    node_id String CODEC(ZSTD(1)),
    created_at DateTime64(6, 'UTC') DEFAULT now64(6) CODEC(Delta, ZSTD(1)),
    event_id UUID,
    of_schedule Bool,
    waited_far Bool,
    schedule_name String CODEC(ZSTD(1)),
    entity_id String CODEC(ZSTD(1)),
    lateness_us Int64 CODEC(ZSTD(1)),
    duration_us Int64 CODEC(ZSTD(1)),
    state Enum8('pending' = 0, 'in_flight' = 1, 'fired' = 2, 'cancelled' = 3, 'skipped' = 4, 'dead' = 5),
    reason LowCardinality(String),
    attempt UInt32,
    sink LowCardinality(String),
    position String CODEC(ZSTD(1)),
    INDEX idx_correlation correlation_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX idx_schedule schedule_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX idx_event event_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(executed_at)
ORDER BY (executed_at, execution_id)
TTL {}
SETTINGS index_granularity = 4096, {})",
                     results_ttl(kHistoryDays, kAnalyticsDays), kDurable);
}

std::string states_table() {
  return fmt::format(R"(CREATE TABLE IF NOT EXISTS schedule_performance_states
(
    date Date,
    hour UInt8,
    entity_type String,
    action String,
    topic String,
    total SimpleAggregateFunction(sum, UInt64),
    succeeded SimpleAggregateFunction(sum, UInt64),
    failed SimpleAggregateFunction(sum, UInt64),
    skipped SimpleAggregateFunction(sum, UInt64),
    timed SimpleAggregateFunction(sum, UInt64),
    duration_sum SimpleAggregateFunction(sum, Int64),
    lateness_sum SimpleAggregateFunction(sum, Int64),
    lateness_min SimpleAggregateFunction(min, Nullable(Int64)),
    lateness_max SimpleAggregateFunction(max, Nullable(Int64)),
    lateness AggregateFunction({}, Int64),
    written_at SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, hour, entity_type, action, topic)
TTL {}
SETTINGS {})",
                     kSketch, states_ttl(kAnalyticsDays), kDurable);
}

std::string states_feed() {
  return fmt::format(
      R"(CREATE MATERIALIZED VIEW IF NOT EXISTS schedule_performance_metrics_mv TO schedule_performance_states AS
SELECT toDate(executed_at) AS date, toHour(executed_at) AS hour, entity_type, action, topic, count() AS total,
    countIf(status = 'success') AS succeeded, countIf(status IN ('error', 'timeout')) AS failed,
    countIf(status = 'skipped') AS skipped, countIf(duration_us > 0) AS timed,
    sumIf(duration_us, duration_us > 0) AS duration_sum, sumIf(lateness_us, {0}) AS lateness_sum,
    minOrNullIf(lateness_us, {0}) AS lateness_min, maxOrNullIf(lateness_us, {0}) AS lateness_max,
    quantilesDDStateIf(0.005, 0.5, 0.95, 0.99)(lateness_us, {0}) AS lateness, max(created_at) AS written_at
FROM schedule_execution_results
GROUP BY date, hour, entity_type, action, topic)",
      kTried);
}

constexpr std::string_view kMetrics = R"(CREATE VIEW IF NOT EXISTS schedule_performance_metrics AS
SELECT date, hour, entity_type, action, topic, sum(total) AS total_executions, sum(succeeded) AS successful_executions,
    sum(failed) AS failed_executions, sum(skipped) AS skipped_executions,
    if(successful_executions + failed_executions = 0, 0, sum(lateness_sum) / (successful_executions + failed_executions) / 1e6)
        AS avg_delay_seconds,
    if(sum(timed) = 0, 0, sum(duration_sum) / sum(timed) / 1e3) AS avg_processing_time_ms,
    if(isNaN((quantilesDDMerge(0.005, 0.5, 0.95, 0.99)(lateness) AS late)[1]), 0, late[1] / 1e6) AS p50_delay_seconds,
    if(isNaN(late[2]), 0, late[2] / 1e6) AS p95_delay_seconds, if(isNaN(late[3]), 0, late[3] / 1e6) AS p99_delay_seconds,
    ifNull(min(lateness_min), 0) / 1e6 AS min_delay_seconds, ifNull(max(lateness_max), 0) / 1e6 AS max_delay_seconds,
    max(written_at) AS created_at
FROM schedule_performance_states
GROUP BY date, hour, entity_type, action, topic)";

std::string records_table() {
  return fmt::format(R"(CREATE TABLE IF NOT EXISTS schedule_analytics_records
(
    analytics_id String,
    schedule_type Enum8('mongo_periodic' = 0, 'clickhouse_delayed' = 1, 'redis_immediate' = 2),
    schedule_id String,
    schedule_name Nullable(String),
    level Enum8('info' = 0, 'warning' = 1, 'error' = 2),
    event_type String,
    event_action String,
    event_entity_id Nullable(String),
    correlation_id String,
    scheduled_at DateTime64(6, 'UTC'),
    started_processing_at DateTime64(6, 'UTC'),
    completed_at DateTime64(6, 'UTC'),
    mongo_queue_us Nullable(Int64),
    clickhouse_queue_us Nullable(Int64),
    redis_queue_us Nullable(Int64),
    processing_us Nullable(Int64),
    publish_us Nullable(Int64),
    execution_result Enum8('success' = 0, 'failure' = 1, 'timeout' = 2, 'cancelled' = 3, 'retry' = 4),
    retry_count UInt32,
    error_message Nullable(String),
    processed_by_node Nullable(String),
    kafka_topic Nullable(String),
    kafka_partition Nullable(Int64),
    kafka_offset Nullable(Int64),
    source_mongo_execution_id Nullable(String),
    source_clickhouse_id Nullable(String),
    source_redis_key Nullable(String),
    INDEX idx_schedule schedule_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(completed_at)
ORDER BY (completed_at, analytics_id)
TTL {}
SETTINGS {})",
                     records_ttl(kAnalyticsDays), kDurable);
}

// The newest of a date, hour and kind counts (execution_rollup.h).
std::string rollups_table() {
  return fmt::format(R"(CREATE TABLE IF NOT EXISTS schedule_performance_rollups
(
    grain Enum8('kinds_by_day' = 0, 'all_by_hour' = 1),
    date Date,
    hour UInt8,
    entity_type String,
    action String,
    topic String,
    total UInt64,
    succeeded UInt64,
    failed UInt64,
    skipped UInt64,
    timed UInt64,
    duration_sum Int64,
    lateness_sum Int64,
    lateness AggregateFunction({}, Int64),
    made_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(made_at)
PARTITION BY toYYYYMM(date)
ORDER BY (grain, date, hour, entity_type, action, topic)
TTL {}
SETTINGS {})",
                     kSketch, states_ttl(kAnalyticsDays), kDurable);
}

// Figures of one schedule: its executions lie together, where the results have some of them in each day's partition.
std::string by_schedule_table() {
  return fmt::format(R"(CREATE TABLE IF NOT EXISTS schedule_executions_by_schedule
(
    schedule_id String CODEC(ZSTD(1)),
    executed_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    execution_id String CODEC(ZSTD(1)),
    topic LowCardinality(String),
    entity_type LowCardinality(String),
    action LowCardinality(String),
    status Enum8('success' = 1, 'error' = 2, 'timeout' = 3, 'skipped' = 4, 'running' = 5),
    lateness_us Int64 CODEC(ZSTD(1)),
    duration_us Int64 CODEC(ZSTD(1)),
    of_schedule Bool ALIAS true
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(executed_at)
ORDER BY (schedule_id, executed_at, execution_id)
TTL {}
SETTINGS {})",
                     by_schedule_ttl(kHistoryDays, kAnalyticsDays), kDurable);
}

constexpr std::string_view kBySchedule =
    "SELECT schedule_id, executed_at, execution_id, topic, entity_type, action, status, lateness_us, duration_us FROM "
    "schedule_execution_results WHERE of_schedule";

std::string by_schedule_feed() {
  return fmt::format(
      "CREATE MATERIALIZED VIEW IF NOT EXISTS schedule_executions_by_schedule_mv TO schedule_executions_by_schedule AS "
      "{}",
      kBySchedule);
}

// After the feed is there, so that none falls between; what comes twice is merged away.
std::string by_schedule_of_before() {
  return fmt::format("INSERT INTO schedule_executions_by_schedule {}", kBySchedule);
}

// As record_of(Execution) makes them.
constexpr std::string_view kAnalytics = R"(CREATE VIEW IF NOT EXISTS schedule_analytics AS
SELECT execution_id AS analytics_id,
    multiIf(of_schedule, 'mongo_periodic', waited_far, 'clickhouse_delayed', 'redis_immediate') AS schedule_type, schedule_id,
    nullIf(schedule_name, '') AS schedule_name,
    multiIf(status IN ('error', 'timeout'), 'error', status = 'skipped', 'warning', 'info') AS level,
    entity_type AS event_type, action AS event_action, nullIf(entity_id, '') AS event_entity_id, correlation_id, scheduled_at,
    executed_at AS started_processing_at, addMicroseconds(executed_at, duration_us) AS completed_at,
    if(of_schedule AND status != 'skipped', intDiv(greatest(lateness_us, 0), 1000), NULL) AS time_in_mongo_queue_ms,
    if(NOT of_schedule AND waited_far AND status != 'skipped', intDiv(greatest(lateness_us, 0), 1000), NULL)
        AS time_in_clickhouse_queue_ms,
    if(NOT of_schedule AND NOT waited_far AND status != 'skipped', intDiv(greatest(lateness_us, 0), 1000), NULL)
        AS time_in_redis_queue_ms,
    if(status = 'skipped', 0, intDiv(duration_us, 1000)) AS total_processing_time_ms,
    if(sink = 'kafka' AND status != 'skipped', intDiv(duration_us, 1000), NULL) AS kafka_publish_time_ms,
    multiIf(status = 'skipped', 'cancelled', status IN ('success', 'running'), 'success', state = 'pending', 'retry', 'failure')
        AS execution_result,
    toUInt32(retry_count) AS retry_count,
    ifNull(error_message, if(status = 'skipped', nullIf(toString(reason), ''), NULL)) AS error_message,
    nullIf(node_id, '') AS processed_by_node, if(sink = 'kafka' AND status != 'skipped', topic, NULL) AS kafka_topic,
    if(sink = 'kafka' AND status != 'skipped', toInt64OrNull(splitByChar(':', position)[1]), NULL) AS kafka_partition,
    if(sink = 'kafka' AND status != 'skipped', toInt64OrNull(splitByChar(':', position)[2]), NULL) AS kafka_offset,
    if(of_schedule, execution_id, NULL) AS source_mongo_execution_id,
    if(NOT of_schedule AND waited_far, toString(event_id), NULL) AS source_clickhouse_id,
    CAST(NULL, 'Nullable(String)') AS source_redis_key
FROM schedule_execution_results FINAL
UNION ALL
SELECT analytics_id, toString(schedule_type), schedule_id, schedule_name, toString(level), event_type, event_action,
    event_entity_id, correlation_id, scheduled_at, started_processing_at, completed_at, intDiv(mongo_queue_us, 1000),
    intDiv(clickhouse_queue_us, 1000), intDiv(redis_queue_us, 1000), ifNull(intDiv(processing_us, 1000), 0),
    intDiv(publish_us, 1000), toString(execution_result), retry_count, error_message, processed_by_node, kafka_topic,
    kafka_partition, kafka_offset, source_mongo_execution_id, source_clickhouse_id, source_redis_key
FROM schedule_analytics_records FINAL)";

}  // namespace

std::string results_ttl(uint32_t history_days, uint32_t analytics_days) {
  return fmt::format(
      "toDateTime(executed_at) + toIntervalDay({}) DELETE WHERE NOT of_schedule, toDateTime(executed_at) + "
      "toIntervalDay({})",
      analytics_days, std::max(history_days, analytics_days));
}

std::string by_schedule_ttl(uint32_t history_days, uint32_t analytics_days) {
  return fmt::format("toDateTime(executed_at) + toIntervalDay({})", std::max(history_days, analytics_days));
}

std::string states_ttl(uint32_t analytics_days) { return fmt::format("date + toIntervalDay({})", analytics_days + 1); }

std::string records_ttl(uint32_t analytics_days) {
  return fmt::format("toDateTime(completed_at) + toIntervalDay({})", analytics_days);
}

const ClickHouseLayout& execution_layout() {
  static const ClickHouseLayout layout{
      .component = "executions",
      .steps = {{results_table(), states_table(), states_feed(), std::string(kMetrics), records_table(),
                 std::string(kAnalytics)},
                {by_schedule_table(), by_schedule_feed(), by_schedule_of_before(), rollups_table()}}};
  return layout;
}

}  // namespace schedules
