// The suites of executions and analytics, on ClickHouse; and what only its tables can show.
#include "tests/conformance/clickhouse_executions_place.h"

namespace schedules::testing {
namespace {

const ExecutionBackend kBackend{"Rows", [] {
                                  auto opened = std::make_shared<ClickHouseExecutions>();
                                  auto* const store = opened->store.get();
                                  return ExecutionStores{std::move(opened), store, store};
                                }};

// They are linked with the others.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ScheduleStoreTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DeadLetterStoreTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DefinitionStoreTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RunBookTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AuditTrailTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AlertStoreTest);
INSTANTIATE_TEST_SUITE_P(ClickHouse, ExecutionStoreTest, ::testing::Values(kBackend), execution_backend_name);
INSTANTIATE_TEST_SUITE_P(ClickHouse, AnalyticsStoreTest, ::testing::Values(kBackend), execution_backend_name);

struct Tables : ::testing::Test {
  ClickHouseExecutions place;

  /// Asked for and applied; the results' TTL is the last that is.
  void keep_for(uint32_t history, uint32_t analytics) {
    place.store->keep_for(history, analytics);
    const auto applied = fmt::format("toIntervalDay({}) WHERE NOT of_schedule", analytics);
    for (int tries = 0; tries < 300 && ttl("schedule_execution_results").find(applied) == std::string::npos; ++tries) {
      ASSERT_TRUE(await<void>([&](auto done) { place.store->probe(std::move(done)); }));
    }
  }
  std::string ttl(std::string_view table) {
    return ask(
        fmt::format("SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = '{}'", table));
  }

  Status append(std::vector<Execution> executions) {
    return await<void>([&](auto done) { place.store->append(std::move(executions), std::move(done)); });
  }
  std::string ask(const std::string& sql) { return place.database.ask(sql); }
};

TEST_F(Tables, ResultsReadAsTheRunbookReadsThem) {
  auto plain = full_execution(1);
  plain.schedule_id = "";
  plain.due_at = plain.executed_at - std::chrono::milliseconds(1500);
  plain.duration = std::chrono::milliseconds(12);
  auto skipped = full_execution(2);
  skipped.status = RunStatus::skipped;
  skipped.state = State::skipped;
  skipped.error = "";
  ASSERT_TRUE(append({plain, skipped}));
  EXPECT_EQ(ask("SELECT execution_id, schedule_id, correlation_id, topic, entity_type, action, delay_seconds, status, "
                "retry_count, processing_time_ms, node_id FROM schedule_execution_results ORDER BY executed_at"),
            fmt::format("{}\t{}\tcorrelation 1\ttopic 1\torder\tcreated\t1.5\terror\t2\t12\tnode-1\n"
                        "{}\t{}\tcorrelation 2\ttopic 2\torder\tcreated\t0.001236\tskipped\t2\t0\tnode-2",
                        plain.id, plain.event_id.text(), skipped.id, skipped.schedule_id));
  EXPECT_EQ(ask("SELECT error_message IS NULL FROM schedule_execution_results WHERE status = 'skipped'"), "1");
}

TEST_F(Tables, TheAnalyticsViewIsWhatTheApiShows) {
  auto all = random_executions(60, 31);
  for (size_t i = 0; i < all.size(); i += 3) {
    all[i].sink = "kafka";
    all[i].position = fmt::format("{}:{}", i, 1000 + i);
  }
  ASSERT_TRUE(append(all));
  const auto text = [](const auto& value) { return value ? fmt::format("{}", *value) : std::string("\\N"); };
  const auto ms = [](const auto& value) {
    return value ? fmt::format("{}", value->count() / 1000) : std::string("\\N");
  };
  for (const auto& execution : all) {
    const auto r = record_of(execution);
    EXPECT_EQ(ask(fmt::format("SELECT schedule_type, schedule_id, schedule_name, level, event_type, event_action, "
                              "execution_result, retry_count, time_in_mongo_queue_ms, time_in_clickhouse_queue_ms, "
                              "time_in_redis_queue_ms, total_processing_time_ms, kafka_publish_time_ms, kafka_topic, "
                              "kafka_partition, kafka_offset, processed_by_node, toUnixTimestamp64Micro(completed_at) "
                              "FROM schedule_analytics WHERE analytics_id = '{}'",
                              execution.id)),
              fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}", to_string(r.type),
                          r.schedule_id, text(r.schedule_name), to_string(r.level), r.event_type, r.event_action,
                          to_string(r.result), r.retry_count, ms(r.mongo_queue), ms(r.clickhouse_queue),
                          ms(r.redis_queue), r.processing.value_or(Duration{}).count() / 1000, ms(r.publish),
                          text(r.topic), text(r.partition), text(r.offset), text(r.node), to_micros(r.completed_at)));
  }
  ASSERT_TRUE(await<void>([&](auto done) { place.store->post_records({full_record(1)}, std::move(done)); }));
  EXPECT_EQ(ask("SELECT count(), countIf(schedule_type = 'clickhouse_delayed' AND kafka_partition = 3) > 0 FROM "
                "schedule_analytics"),
            "61\t1");
}

// Within 0.5 % of a value whose rank is right, or beside it: the sketch counts ranks from 0.
void expect_percentiles(const ExecutionStats& found, const std::vector<Execution>& chosen) {
  std::vector<double> lateness;
  for (const auto& e : chosen) {
    if (e.status == RunStatus::success || e.status == RunStatus::failure) {
      lateness.push_back(static_cast<double>((e.executed_at - e.due_at).count()) / 1000);
    }
  }
  std::ranges::sort(lateness);
  ASSERT_GT(lateness.size(), 1000U);
  for (const auto& [percent, value] : {std::pair{50U, found.p50_lateness_ms}, std::pair{95U, found.p95_lateness_ms},
                                       std::pair{99U, found.p99_lateness_ms}}) {
    const size_t rank = (lateness.size() * percent + 99) / 100 - 1;
    EXPECT_GE(value, lateness[rank - 1] * 0.994) << percent;
    EXPECT_LE(value, lateness[rank + 1] * 1.006) << percent;
  }
}

ExecutionStats stats_of(ClickHouseExecutionStore& store, const ExecutionFilter& filter) {
  return await<ExecutionStats>([&](auto done) { store.stats(filter, std::move(done)); }).value();
}

std::vector<ExecutionGroup> groups_of(ClickHouseExecutionStore& store, const ExecutionFilter& filter, GroupBy by) {
  return await<std::vector<ExecutionGroup>>([&](auto done) { store.groups(filter, by, std::move(done)); }).value();
}

/// Of `summed`, which adds up states and rollups, against a count of all and the rows' groups.
void expect_figures(ClickHouseExecutionStore& summed, ClickHouseExecutionStore& exact,
                    const std::vector<Execution>& all) {
  const auto hours = [](int64_t count) { return at_second(0) + std::chrono::hours{count}; };
  for (const auto& filter :
       {ExecutionFilter{}, ExecutionFilter{.from = hours(3) + Duration{77}},
        ExecutionFilter{.entity_type = "order", .to = hours(100) + Duration{5}},
        ExecutionFilter{.topic = "topic 1", .from = hours(2), .to = hours(90)},
        ExecutionFilter{.action = "paid", .from = hours(10) + Duration{1}, .to = hours(90) - Duration{1}}}) {
    const auto found = stats_of(summed, filter);
    const auto wanted = brute_force_stats(matching(all, filter), false);
    EXPECT_EQ(std::tie(found.total, found.succeeded, found.failed, found.skipped, found.timed),
              std::tie(wanted.total, wanted.succeeded, wanted.failed, wanted.skipped, wanted.timed));
    EXPECT_NEAR(found.mean_lateness_ms, wanted.mean_lateness_ms, wanted.mean_lateness_ms * 1e-9);
    expect_percentiles(found, matching(all, filter));
    for (const auto by : {GroupBy::hour, GroupBy::event}) {
      const auto rows = groups_of(exact, filter, by);
      const auto groups = groups_of(summed, filter, by);
      ASSERT_EQ(groups.size(), rows.size());
      for (size_t i = 0; i < groups.size(); ++i) {
        EXPECT_EQ(groups[i].key, rows[i].key);
        EXPECT_EQ(groups[i].stats.total, rows[i].stats.total);
        EXPECT_EQ(groups[i].stats.failed, rows[i].stats.failed);
        EXPECT_NEAR(groups[i].stats.mean_duration_ms, rows[i].stats.mean_duration_ms, 1e-6);
        EXPECT_NEAR(groups[i].stats.mean_lateness_ms, rows[i].stats.mean_lateness_ms,
                    rows[i].stats.mean_lateness_ms * 1e-9);
      }
    }
  }
}

TEST_F(Tables, FiguresOfManyComeFromHourlyStates) {
  constexpr size_t kCount = 30'000;
  const auto all = random_executions(kCount, 32);
  for (size_t i = 0; i < kCount; i += 10'000) {
    ASSERT_TRUE(append({all.begin() + static_cast<int64_t>(i), all.begin() + static_cast<int64_t>(i) + 10'000}));
  }
  const auto summed = place.open(clickhouse_address(), 0);
  expect_figures(*summed, *place.store, all);
  // The readable view adds up to the same.
  EXPECT_EQ(
      ask("SELECT sum(total_executions), sum(successful_executions), sum(failed_executions), sum(skipped_executions) "
          "FROM "
          "schedule_performance_metrics"),
      ask("SELECT count(), countIf(status = 'success'), countIf(status = 'error'), countIf(status = 'skipped') FROM "
          "schedule_execution_results"));
}

TEST_F(Tables, TheReadableViewEqualsAPlainCount) {
  ASSERT_TRUE(append(random_executions(2000, 33)));
  EXPECT_EQ(
      ask("SELECT date, hour, entity_type, action, topic, total_executions, round(avg_delay_seconds, 6), "
          "round(avg_processing_time_ms, 6), min_delay_seconds, max_delay_seconds FROM schedule_performance_metrics "
          "ORDER BY 1, 2, 3, 4, 5"),
      ask("SELECT toDate(executed_at), toHour(executed_at), entity_type, action, topic, count(), "
          "round(ifNotFinite(avgIf(lateness_us, status IN ('success', 'error')), 0) / 1e6, 6), "
          "round(ifNotFinite(avgIf(duration_us, duration_us > 0), 0) / 1e3, 6), minIf(lateness_us, status IN "
          "('success', 'error')) / 1e6, maxIf(lateness_us, status IN ('success', 'error')) / 1e6 "
          "FROM schedule_execution_results GROUP BY ALL ORDER BY 1, 2, 3, 4, 5"));
}

// As when two nodes wrote the same at once, until ClickHouse merges it away.
TEST_F(Tables, RowsThatAreThereTwiceCountOnce) {
  const auto all = random_executions(50, 34);
  ASSERT_TRUE(append(all));
  ASSERT_TRUE(
      await<void>([&](auto done) { place.store->post_records({full_record(1), full_record(2)}, std::move(done)); }));
  for (const std::string_view table : {"schedule_execution_results", "schedule_analytics_records"}) {
    ask(fmt::format("SYSTEM STOP MERGES {}", table));
    ask(fmt::format("INSERT INTO {0} SELECT * FROM {0}", table));
  }
  ASSERT_EQ(ask("SELECT count() FROM schedule_execution_results"), "100");
  ASSERT_EQ(ask("SELECT count() FROM schedule_analytics_records"), "4");
  std::set<std::string> found;
  ExecutionFilter filter{.limit = 3};
  do {
    const auto page = await<ExecutionPage>([&](auto done) { place.store->find_executions(filter, std::move(done)); });
    ASSERT_TRUE(page);
    for (const auto& execution : page->executions) EXPECT_TRUE(found.insert(execution.id).second) << execution.id;
    filter.cursor = page->next_cursor;
  } while (!filter.cursor.empty());
  EXPECT_EQ(found.size(), 50U);
  const auto stats = await<ExecutionStats>([&](auto done) { place.store->stats({}, std::move(done)); });
  EXPECT_EQ(stats->total, 50U);
  const auto records =
      await<std::vector<AnalyticsRecord>>([&](auto done) { place.store->find_records({}, std::move(done)); });
  EXPECT_EQ(records->size(), 52U);
  const auto figures = await<std::vector<AnalyticsGroup>>(
      [&](auto done) { place.store->figures({}, AnalyticsBy::all, std::move(done)); });
  EXPECT_EQ(figures->at(0).figures.total, 52U);
}

TEST_F(Tables, HostileTextIsOnlyText) {
  std::vector<Execution> all;
  for (const std::string& text :
       {std::string("it's \"quoted\" \\ and \\' more"), std::string("'; DROP TABLE schedule_execution_results; --"),
        std::string("tab\tline\nreturn\rnul") + '\0' + "end", std::string("{c0:String} %s %27"),
        std::string("\xC3\xA9\xF0\x9F\x98\x80")}) {
    auto execution = full_execution(all.size());
    for (auto* field : {&execution.schedule_id, &execution.schedule_name, &execution.topic, &execution.entity_type,
                        &execution.entity_id, &execution.action, &execution.correlation_id, &execution.reason,
                        &execution.error, &execution.sink, &execution.position, &execution.node_id, &execution.id}) {
      *field = text;
    }
    all.push_back(std::move(execution));
  }
  ASSERT_TRUE(append(all));
  for (const auto& execution : all) {
    for (const auto& filter :
         {ExecutionFilter{.schedule_id = execution.schedule_id}, ExecutionFilter{.topic = execution.topic},
          ExecutionFilter{.entity_type = execution.entity_type}, ExecutionFilter{.entity_id = execution.entity_id},
          ExecutionFilter{.action = execution.action}, ExecutionFilter{.correlation_id = execution.correlation_id}}) {
      const auto page = await<ExecutionPage>([&](auto done) { place.store->find_executions(filter, std::move(done)); });
      ASSERT_TRUE(page) << page.error().detail;
      ASSERT_EQ(page->executions.size(), 1U);
      EXPECT_EQ(difference(page->executions[0], execution), "");
    }
  }
  // As a cursor too.
  ExecutionFilter filter{.limit = 1};
  size_t pages = 0;
  do {
    const auto page = await<ExecutionPage>([&](auto done) { place.store->find_executions(filter, std::move(done)); });
    ASSERT_TRUE(page) << page.error().detail;
    pages += page->executions.size();
    filter.cursor = page->next_cursor;
  } while (!filter.cursor.empty());
  EXPECT_EQ(pages, all.size());
}

TEST_F(Tables, TwoNodesMakeTheTablesAtOnce) {
  const auto other = place.open();
  auto first = std::async(std::launch::async, [&] { return append({full_execution(1)}); });
  EXPECT_TRUE(await<void>([&](auto done) { other->append(std::vector{full_execution(2)}, std::move(done)); }));
  EXPECT_TRUE(first.get());
  EXPECT_EQ(ask("SELECT count() FROM schedule_execution_results"), "2");
  EXPECT_EQ(ask("SELECT sum(total_executions) FROM schedule_performance_metrics"), "2");
}

TEST_F(Tables, ANewerLayoutIsRefused) {
  ASSERT_TRUE(append({full_execution(1)}));
  ask("INSERT INTO schedules_layout (component, version) SELECT 'executions', 99");
  const auto other = place.open();
  const auto refused = await<void>([&](auto done) { other->append(std::vector{full_execution(2)}, std::move(done)); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::newer_layout);
  EXPECT_EQ(ask("SELECT count() FROM schedule_execution_results"), "1");
}

TEST_F(Tables, InspectionTouchesNothing) {
  const auto status = await<ClickHouseLayoutStatus>([&](auto done) { place.store->inspect(std::move(done)); });
  ASSERT_TRUE(status) << status.error().detail;
  EXPECT_TRUE(status->needs_migration());
  EXPECT_GE(status->statements.size(), 6U);
  EXPECT_NE(ask("SELECT count() FROM schedule_execution_results").find("UNKNOWN_DATABASE"), std::string::npos);
}

TEST_F(Tables, RetentionIsTheTablesTtlAndChanges) {
  ASSERT_TRUE(append({full_execution(1)}));
  for (const auto& [history, analytics] : {std::pair{7U, 3U}, std::pair{3U, 400U}}) {
    keep_for(history, analytics);
    const auto results = ttl("schedule_execution_results");
    EXPECT_NE(results.find(fmt::format("toIntervalDay({}) WHERE NOT of_schedule", analytics)), std::string::npos)
        << results;
    EXPECT_NE(results.find(fmt::format("toIntervalDay({})", std::max(history, analytics))), std::string::npos)
        << results;
    EXPECT_NE(ttl("schedule_performance_states").find(fmt::format("toIntervalDay({})", analytics + 1)),
              std::string::npos);
    EXPECT_NE(ttl("schedule_analytics_records").find(fmt::format("toIntervalDay({})", analytics)), std::string::npos);
  }
}

// As what was recorded while the server was away for longer than that.
TEST_F(Tables, WhatIsPastItsRetentionIsDoneAndNotMissed) {
  keep_for(7, 3);
  const auto ago = [](int days) {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now()) - std::chrono::hours(24 * days);
  };
  std::vector<Execution> all;
  for (const auto& [days, of_schedule] :
       {std::pair{8, true}, std::pair{5, true}, std::pair{5, false}, std::pair{1, false}}) {
    all.push_back(full_execution(static_cast<int>(all.size())));
    all.back().executed_at = ago(days);
    if (!of_schedule) all.back().schedule_id.clear();
  }
  ASSERT_TRUE(append({all[0], all[2]})) << "nothing of it is kept";
  ASSERT_TRUE(append(all));
  EXPECT_EQ(ask("SELECT groupArray(execution_id) FROM (SELECT * FROM schedule_execution_results ORDER BY executed_at)"),
            fmt::format("['{}','{}']", all[1].id, all[3].id));
  EXPECT_EQ(ask("SELECT sum(total) FROM schedule_performance_states"), "1") << "kept as long as analytics";
  EXPECT_EQ(ask("SELECT count() FROM schedule_executions_by_schedule"), "1");
}

TEST_F(Tables, WhatAnEarlierLayoutHeldLiesByScheduleToo) {
  const auto before = random_executions(500, 34);
  ASSERT_TRUE(append(before));
  ask("DROP TABLE schedule_executions_by_schedule_mv");
  ask("DROP TABLE schedule_executions_by_schedule");
  ask("TRUNCATE TABLE schedules_layout");
  ask("INSERT INTO schedules_layout (component, version) SELECT 'executions', 1");
  place.store = place.open();
  const auto after = random_executions(500, 35);
  ASSERT_TRUE(append(after));
  EXPECT_EQ(ask("SELECT max(version) FROM schedules_layout WHERE component = 'executions'"), "2");
  auto of_schedules = before;
  of_schedules.insert(of_schedules.end(), after.begin(), after.end());
  std::erase_if(of_schedules, [](const auto& execution) { return execution.schedule_id.empty(); });
  ASSERT_FALSE(of_schedules.empty());
  EXPECT_EQ(ask("SELECT count() FROM schedule_executions_by_schedule FINAL"), fmt::format("{}", of_schedules.size()));
  const ExecutionFilter filter{.schedule_id = of_schedules.front().schedule_id};
  const auto found = await<ExecutionStats>([&](auto done) { place.store->stats(filter, std::move(done)); }).value();
  EXPECT_EQ(found.total, matching(of_schedules, filter).size());
}

TEST_F(Tables, LongRangesComeFromRollups) {
  constexpr size_t kCount = 20'000;
  auto all = random_executions(kCount, 36);
  ASSERT_TRUE(append(all));
  const auto summed = place.open(clickhouse_address(), 0);
  const auto roll_up = [&] {
    ASSERT_TRUE(await<Expired>([&](auto done) { place.store->expire({at_second(0), at_second(0)}, std::move(done)); }));
  };
  roll_up();
  EXPECT_EQ(ask("SELECT grain, sum(total) FROM schedule_performance_rollups FINAL GROUP BY grain ORDER BY grain"),
            fmt::format("kinds_by_day\t{0}\nall_by_hour\t{0}", kCount));
  expect_figures(*summed, *place.store, all);
  // What comes late is counted at once, though its day's rollup does not know of it.
  const auto late = random_executions(500, 37);
  all.insert(all.end(), late.begin(), late.end());
  ASSERT_TRUE(append(late));
  expect_figures(*summed, *place.store, all);
  roll_up();
  expect_figures(*summed, *place.store, all);
  // A rollup that says something else shows that it is the one that is read.
  ask("INSERT INTO schedule_performance_rollups SELECT * REPLACE (failed + 7 AS failed, now64(6) + 60 AS made_at) FROM "
      "schedule_performance_rollups FINAL WHERE grain = 'all_by_hour' ORDER BY date, hour LIMIT 1");
  EXPECT_EQ(stats_of(*summed, {}).failed, brute_force_stats(all, false).failed + 7);
}

}  // namespace
}  // namespace schedules::testing
