#include "store/sqlite/analytics_row.h"

namespace schedules::sqlite {
namespace {

std::optional<int64_t> number(const Query& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.integer(column);
}

std::optional<Duration> duration(const Query& row, int column) {
  const auto micros = number(row, column);
  return micros ? std::optional(Duration{*micros}) : std::nullopt;
}

std::optional<int64_t> micros(const std::optional<Duration>& value) {
  return value ? std::optional(int64_t{value->count()}) : std::nullopt;
}

bool out_of(int64_t value, auto last) { return value < 0 || value > static_cast<int64_t>(last); }

}  // namespace

Result<AnalyticsRecord> read_record(const Query& row) {
  AnalyticsRecord record{.id = row.text(0)};
  if (out_of(row.integer(1), ScheduleType::redis_immediate) || out_of(row.integer(4), AnalyticsLevel::error) ||
      out_of(row.integer(17), AnalyticsResult::retry)) {
    return fail(Code::corrupt, "analytics record {} cannot be read", record.id);
  }
  record.type = static_cast<ScheduleType>(row.integer(1));
  record.schedule_id = row.text(2);
  record.schedule_name = row.optional_text(3);
  record.level = static_cast<AnalyticsLevel>(row.integer(4));
  record.event_type = row.text(5);
  record.event_action = row.text(6);
  record.entity_id = row.optional_text(7);
  record.correlation_id = row.text(8);
  record.scheduled_at = row.time(9);
  record.started_at = row.time(10);
  record.completed_at = row.time(11);
  record.mongo_queue = duration(row, 12);
  record.clickhouse_queue = duration(row, 13);
  record.redis_queue = duration(row, 14);
  record.processing = duration(row, 15);
  record.publish = duration(row, 16);
  record.result = static_cast<AnalyticsResult>(row.integer(17));
  record.retry_count = static_cast<uint32_t>(row.integer(18));
  record.error = row.optional_text(19);
  record.node = row.optional_text(20);
  record.topic = row.optional_text(21);
  record.partition = number(row, 22);
  record.offset = number(row, 23);
  record.mongo_execution_id = row.optional_text(24);
  record.clickhouse_id = row.optional_text(25);
  record.redis_key = row.optional_text(26);
  return record;
}

Status insert_records(Database& database, const std::vector<AnalyticsRecord>& records) {
  static const std::string sql = fmt::format(
      "INSERT INTO analytics_records({}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,"
      "?20,?21,?22,?23,?24,?25,?26,?27) ON CONFLICT(id) DO NOTHING",
      kRecordColumns);
  auto insert = database.prepare(sql);
  for (const auto& r : records) {
    auto done = insert.run({r.id,
                            r.type,
                            r.schedule_id,
                            r.schedule_name,
                            r.level,
                            r.event_type,
                            r.event_action,
                            r.entity_id,
                            r.correlation_id,
                            r.scheduled_at,
                            r.started_at,
                            r.completed_at,
                            micros(r.mongo_queue),
                            micros(r.clickhouse_queue),
                            micros(r.redis_queue),
                            micros(r.processing),
                            micros(r.publish),
                            r.result,
                            r.retry_count,
                            r.error,
                            r.node,
                            r.topic,
                            r.partition,
                            r.offset,
                            r.mongo_execution_id,
                            r.clickhouse_id,
                            r.redis_key});
    if (!done) return done;
  }
  return {};
}

Result<uint64_t> expire_records(Database& database, TimePoint before) {
  auto done = database.query("DELETE FROM analytics_records WHERE completed_at < ?1", {before}).end();
  if (!done) return fail(std::move(done.error()));
  return database.changes();
}

}  // namespace schedules::sqlite
