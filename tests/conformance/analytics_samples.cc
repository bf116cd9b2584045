#include "tests/conformance/execution_suite.h"

namespace schedules::testing {

AnalyticsRecord full_record(uint64_t number) {
  const auto n = std::to_string(number);
  const auto at = [&](int64_t more) { return at_second(static_cast<int64_t>(number)) + Duration{more}; };
  return {.id = event_id(number).text(),
          .type = ScheduleType::clickhouse_delayed,
          .schedule_id = object_id(static_cast<uint32_t>(number)),
          .schedule_name = "schedule " + n,
          .level = AnalyticsLevel::warning,
          .event_type = "order",
          .event_action = "paid",
          .entity_id = "entity " + n,
          .correlation_id = "it's \"c\\" + n,
          .scheduled_at = at(1),
          .started_at = at(2),
          .completed_at = at(3),
          .mongo_queue = std::chrono::milliseconds(number + 1),
          .clickhouse_queue = std::chrono::milliseconds(number + 2),
          .redis_queue = std::chrono::milliseconds(number + 3),
          .processing = std::chrono::milliseconds(number + 4),
          .publish = std::chrono::milliseconds(number + 5),
          .result = AnalyticsResult::timeout,
          .retry_count = 7,
          .error = "line one\nline two '; DROP TABLE analytics_records; --",
          .node = "node",
          .topic = "topic",
          .partition = 3,
          .offset = (int64_t{1} << 40) + static_cast<int64_t>(number),
          .mongo_execution_id = "m",
          .clickhouse_id = "c",
          .redis_key = "r"};
}

std::vector<AnalyticsRecord> random_records(size_t count, uint64_t seed) {
  const auto random = seeded_random(seed);
  const auto below = [&](uint64_t bound) { return random->below(bound); };
  const auto maybe = [&] { return below(2) == 0 ? std::nullopt : std::optional(Duration{1000 * below(5000)}); };
  std::vector<AnalyticsRecord> made;
  while (made.size() < count) {
    auto record = full_record(1'000'000 + made.size());
    record.completed_at = at_second(static_cast<int64_t>(below(7 * 86'400))) + Duration{made.size()};
    record.type = static_cast<ScheduleType>(below(3));
    record.level = static_cast<AnalyticsLevel>(below(3));
    record.result = static_cast<AnalyticsResult>(below(5));
    record.schedule_id = object_id(static_cast<uint32_t>(below(8)));
    record.event_type = below(2) == 0 ? "order" : "invoice";
    record.mongo_queue = maybe();
    record.clickhouse_queue = maybe();
    record.redis_queue = maybe();
    record.processing = maybe();
    record.error = below(2) == 0 ? std::nullopt : std::optional(fmt::format("error {}\nmore", below(4)));
    made.push_back(std::move(record));
  }
  return made;
}

}  // namespace schedules::testing
