// Executions and posted records seen together. What is counted the slow way goes through record_of, record by record.
#include "tests/conformance/execution_suite.h"

namespace schedules::testing {
namespace {

struct Seen {
  AnalyticsRecord record;
  TimePoint at;  ///< what times of a filter are compared with
};

std::vector<Seen> seen(const std::vector<Execution>& executions, const std::vector<AnalyticsRecord>& records) {
  std::vector<Seen> all;
  for (const auto& execution : executions) all.push_back({record_of(execution), execution.executed_at});
  for (const auto& record : records) all.push_back({record, record.completed_at});
  return all;
}

bool fits(const AnalyticsFilter& filter, const Seen& one) {
  return (!filter.schedule_id || one.record.schedule_id == *filter.schedule_id) &&
         (!filter.event_type || one.record.event_type == *filter.event_type) &&
         (!filter.level || one.record.level == *filter.level) && (!filter.from || one.at >= *filter.from) &&
         (!filter.to || one.at < *filter.to);
}

std::string key_of(const AnalyticsRecord& record, AnalyticsBy by) {
  if (by == AnalyticsBy::type) return std::string(to_string(record.type));
  if (by == AnalyticsBy::event_type) return record.event_type;
  return by == AnalyticsBy::schedule ? record.schedule_id : "";
}

double ms(Duration duration) { return static_cast<double>(duration.count()) / 1000; }

std::map<std::string, AnalyticsFigures> brute_force(const std::vector<Seen>& all, const AnalyticsFilter& filter,
                                                    AnalyticsBy by) {
  std::map<std::string, AnalyticsFigures> groups;
  for (const auto& one : all) {
    if (!fits(filter, one)) continue;
    const auto& record = one.record;
    auto& group = groups[key_of(record, by)];
    ++group.total;
    ++(record.level == AnalyticsLevel::info      ? group.info
       : record.level == AnalyticsLevel::warning ? group.warning
                                                 : group.error);
    if (record.result == AnalyticsResult::success) ++group.succeeded;
    if (record.processing) {
      ++group.processed;
      group.mean_processing_ms += ms(*record.processing);
    }
    for (const auto& queue : {record.mongo_queue, record.clickhouse_queue, record.redis_queue}) {
      if (!queue) continue;
      ++group.queued;
      group.mean_queue_ms += ms(*queue);
    }
  }
  for (auto& [key, group] : groups) {
    if (group.processed > 0) group.mean_processing_ms /= static_cast<double>(group.processed);
    if (group.queued > 0) group.mean_queue_ms /= static_cast<double>(group.queued);
  }
  return groups;
}

std::vector<AnalyticsFilter> filters_of_every_shape(const std::vector<Execution>& executions) {
  const auto plain = std::ranges::find(executions, "", &Execution::schedule_id);
  return {{},
          {.schedule_id = object_id(2)},
          {.schedule_id = plain->event_id.text()},
          {.schedule_id = "nobody"},
          {.event_type = "order"},
          {.level = AnalyticsLevel::info},
          {.level = AnalyticsLevel::warning},
          {.level = AnalyticsLevel::error},
          {.from = at_second(86'400)},
          {.to = at_second(200'000)},
          {.schedule_id = object_id(3), .level = AnalyticsLevel::error, .from = at_second(100'000)},
          {.event_type = "invoice", .level = AnalyticsLevel::info, .from = at_second(1000), .to = at_second(400'000)}};
}

}  // namespace

TEST_P(AnalyticsStoreTest, EveryFieldOfAPostedRecordComesBack) {
  ASSERT_TRUE(post({full_record(1)}));
  const auto found = records({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0] == full_record(1));
  const AnalyticsRecord small{.id = "x", .completed_at = at_second(5)};
  ASSERT_TRUE(post({small}));
  EXPECT_TRUE(records({.from = at_second(4)}).at(0) == small);
}

TEST_P(AnalyticsStoreTest, APostedRecordIsKeptOnce) {
  ASSERT_TRUE(post({full_record(1), full_record(2)}));
  ASSERT_TRUE(post({full_record(2), full_record(2)}));
  EXPECT_EQ(records({}).size(), 2U);
  EXPECT_EQ(figures({}, AnalyticsBy::all).at(0).figures.total, 2U);
}

TEST_P(AnalyticsStoreTest, AnExecutionIsARecord) {
  auto execution = full_execution(1);
  execution.schedule_id = "";
  execution.sink = "kafka";
  execution.position = "4:1234567890123";
  ASSERT_TRUE(append({execution}));
  const auto found = records({.schedule_id = execution.event_id.text()});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0] == record_of(execution));
  EXPECT_EQ(found[0].type, ScheduleType::clickhouse_delayed);
  EXPECT_EQ(found[0].partition, 4);
  EXPECT_EQ(found[0].offset, 1'234'567'890'123);
}

TEST_P(AnalyticsStoreTest, TheNewestComeFirst) {
  const auto executions = random_executions(300, 21);
  const auto posted = random_records(200, 22);
  ASSERT_TRUE(append(executions));
  ASSERT_TRUE(post(posted));
  for (auto filter : filters_of_every_shape(executions)) {
    filter.limit = 1000;
    const auto found = records(filter);
    const auto all = seen(executions, posted);
    EXPECT_EQ(found.size(),
              static_cast<size_t>(std::ranges::count_if(all, [&](const auto& one) { return fits(filter, one); })));
    EXPECT_TRUE(std::ranges::is_sorted(found, std::ranges::greater{}, &AnalyticsRecord::completed_at));
    filter.limit = 5;
    const auto few = records(filter);
    EXPECT_EQ(few.size(), std::min<size_t>(5, found.size()));
  }
}

TEST_P(AnalyticsStoreTest, FiguresEqualBruteForce) {
  const auto executions = random_executions(700, 23);
  const auto posted = random_records(400, 24);
  ASSERT_TRUE(append(executions));
  ASSERT_TRUE(post(posted));
  const auto filters = filters_of_every_shape(executions);
  for (size_t i = 0; i < filters.size(); ++i) {
    for (const auto by : {AnalyticsBy::all, AnalyticsBy::type, AnalyticsBy::event_type, AnalyticsBy::schedule}) {
      SCOPED_TRACE(fmt::format("filter {}, by {}", i, static_cast<int>(by)));
      const auto wanted = brute_force(seen(executions, posted), filters[i], by);
      const auto found = figures(filters[i], by);
      ASSERT_EQ(found.size(), wanted.size());
      auto next = found.begin();
      for (const auto& [key, group] : wanted) {
        EXPECT_EQ(next->key, key);
        const auto& figures = (next++)->figures;
        EXPECT_EQ(std::tie(figures.total, figures.info, figures.warning, figures.error, figures.succeeded,
                           figures.processed, figures.queued),
                  std::tie(group.total, group.info, group.warning, group.error, group.succeeded, group.processed,
                           group.queued));
        EXPECT_NEAR(figures.mean_processing_ms, group.mean_processing_ms, group.mean_processing_ms * 1e-9 + 1e-9);
        EXPECT_NEAR(figures.mean_queue_ms, group.mean_queue_ms, group.mean_queue_ms * 1e-9 + 1e-9);
      }
    }
  }
}

TEST_P(AnalyticsStoreTest, CommonErrorsAreOfLevelErrorByFirstLine) {
  const auto executions = random_executions(300, 25);
  const auto posted = random_records(300, 26);
  ASSERT_TRUE(append(executions));
  ASSERT_TRUE(post(posted));
  std::map<std::string, uint64_t> wanted;
  for (const auto& one : seen(executions, posted)) {
    if (one.record.level != AnalyticsLevel::error || !one.record.error) continue;
    ++wanted[one.record.error->substr(0, one.record.error->find('\n'))];
  }
  const auto found = errors({.limit = 100});
  ASSERT_EQ(found.size(), wanted.size());
  uint64_t last = UINT64_MAX;
  for (const auto& pattern : found) {
    EXPECT_EQ(pattern.count, wanted[pattern.error]) << pattern.error;
    EXPECT_LE(pattern.count, last);
    last = pattern.count;
  }
  EXPECT_EQ(errors({.limit = 2}).size(), 2U);
}

TEST_P(AnalyticsStoreTest, EachCutTakesItsOwn) {
  std::vector<Execution> executions;
  for (uint64_t i = 0; i < 40; ++i) {
    executions.push_back(full_execution(i));
    executions.back().executed_at = at_second(static_cast<int64_t>(i) * 86'400);
    if (i % 2 == 0) executions.back().schedule_id = "";
  }
  auto old_record = full_record(1);
  auto new_record = full_record(2);
  old_record.completed_at = at_second(86'400);
  new_record.completed_at = at_second(30 * 86'400);
  ASSERT_TRUE(append(executions));
  ASSERT_TRUE(post({old_record, new_record}));
  const auto day = [](int64_t number) { return at_second(number * 86'400); };

  // Analytics end first: plain events and records go, the history of schedules stays.
  const auto first = expire(RetentionCuts{.history = day(10), .analytics = day(20)});
  EXPECT_EQ(first.history, 5U);
  EXPECT_EQ(first.analytics, 10U + 1U);
  EXPECT_EQ(find({.schedule_id = "", .to = day(20)}).executions.size(), 0U);
  EXPECT_EQ(find({.to = day(20)}).executions.size(), 5U);
  EXPECT_EQ(find({.limit = 100}).executions.size(), 25U);
  ASSERT_EQ(records({.from = day(30), .to = day(30) + Duration{1}}).size(), 2U);

  // History ends first: what the figures still count stays.
  const auto second = expire(RetentionCuts{.history = day(30), .analytics = day(15)});
  EXPECT_EQ(second.history, 2U) << "days 11 and 13";
  EXPECT_EQ(second.analytics, 0U);
  EXPECT_EQ(find({.limit = 100}).executions.size(), 23U);
}

}  // namespace schedules::testing
