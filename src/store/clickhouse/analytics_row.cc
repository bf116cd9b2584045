#include "store/clickhouse/analytics_row.h"

namespace schedules {
namespace {

using clickhouse::RowReader;
using clickhouse::RowWriter;

void add(RowWriter& row, const std::optional<std::string>& text) {
  row.nullable(text, [&](const std::string& value) { row.text(value); });
}
void add(RowWriter& row, const std::optional<int64_t>& number) {
  row.nullable(number, [&](int64_t value) { row.number<int64_t>(value); });
}
void add(RowWriter& row, const std::optional<Duration>& duration) {
  row.nullable(duration, [&](Duration value) { row.number<int64_t>(value.count()); });
}

void take(RowReader& row, std::optional<std::string>& text) {
  text = row.nullable([&] { return std::string(row.text()); });
}
void take(RowReader& row, std::optional<int64_t>& number) {
  number = row.nullable([&] { return row.number<int64_t>(); });
}
void take(RowReader& row, std::optional<Duration>& duration) {
  duration = row.nullable([&] { return Duration{row.number<int64_t>()}; });
}

template <class Enum>
bool take(RowReader& row, Enum& value, Enum last) {
  const auto number = row.number<int8_t>();
  value = static_cast<Enum>(number);
  return number >= 0 && number <= static_cast<int8_t>(last);
}

}  // namespace

void append_record(std::string& out, const AnalyticsRecord& r) {
  RowWriter row(out);
  row.text(r.id);
  row.number<int8_t>(static_cast<int8_t>(r.type));
  row.text(r.schedule_id);
  add(row, r.schedule_name);
  row.number<int8_t>(static_cast<int8_t>(r.level));
  row.text(r.event_type);
  row.text(r.event_action);
  add(row, r.entity_id);
  row.text(r.correlation_id);
  for (const TimePoint time : {r.scheduled_at, r.started_at, r.completed_at}) row.time(time);
  for (const auto& duration : {r.mongo_queue, r.clickhouse_queue, r.redis_queue, r.processing, r.publish}) {
    add(row, duration);
  }
  row.number<int8_t>(static_cast<int8_t>(r.result));
  row.number<uint32_t>(r.retry_count);
  for (const auto* text : {&r.error, &r.node, &r.topic}) add(row, *text);
  add(row, r.partition);
  add(row, r.offset);
  for (const auto* text : {&r.mongo_execution_id, &r.clickhouse_id, &r.redis_key}) add(row, *text);
}

Result<AnalyticsRecord> read_record(RowReader& row) {
  AnalyticsRecord r;
  r.id = row.text();
  bool good = take(row, r.type, ScheduleType::redis_immediate);
  r.schedule_id = row.text();
  take(row, r.schedule_name);
  good = take(row, r.level, AnalyticsLevel::error) && good;
  r.event_type = row.text();
  r.event_action = row.text();
  take(row, r.entity_id);
  r.correlation_id = row.text();
  for (auto* time : {&r.scheduled_at, &r.started_at, &r.completed_at}) *time = row.time();
  for (auto* duration : {&r.mongo_queue, &r.clickhouse_queue, &r.redis_queue, &r.processing, &r.publish}) {
    take(row, *duration);
  }
  good = take(row, r.result, AnalyticsResult::retry) && good;
  r.retry_count = row.number<uint32_t>();
  for (auto* text : {&r.error, &r.node, &r.topic}) take(row, *text);
  take(row, r.partition);
  take(row, r.offset);
  for (auto* text : {&r.mongo_execution_id, &r.clickhouse_id, &r.redis_key}) take(row, *text);
  if (!good || !row.ok()) return fail(Code::corrupt, "ClickHouse's answer holds no analytics record");
  return r;
}

}  // namespace schedules
