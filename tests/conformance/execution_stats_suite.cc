#include "tests/conformance/execution_suite.h"

#include "time/text.h"

namespace schedules::testing {

void ExecutionStoreTest::expect_equal(const ExecutionStats& found, const ExecutionStats& wanted) {
  EXPECT_EQ(found.total, wanted.total);
  EXPECT_EQ(found.succeeded, wanted.succeeded);
  EXPECT_EQ(found.failed, wanted.failed);
  EXPECT_EQ(found.skipped, wanted.skipped);
  EXPECT_EQ(found.timed, wanted.timed);
  const auto near_enough = [](double value) { return std::abs(value) * 1e-9 + 1e-9; };
  EXPECT_NEAR(found.mean_duration_ms, wanted.mean_duration_ms, near_enough(wanted.mean_duration_ms));
  EXPECT_NEAR(found.mean_lateness_ms, wanted.mean_lateness_ms, near_enough(wanted.mean_lateness_ms));
  const auto percentile = [&](double value) { return value * GetParam().percentile_error + near_enough(value); };
  EXPECT_NEAR(found.p50_lateness_ms, wanted.p50_lateness_ms, percentile(wanted.p50_lateness_ms));
  EXPECT_NEAR(found.p95_lateness_ms, wanted.p95_lateness_ms, percentile(wanted.p95_lateness_ms));
  EXPECT_NEAR(found.p99_lateness_ms, wanted.p99_lateness_ms, percentile(wanted.p99_lateness_ms));
  ASSERT_EQ(found.last.has_value(), wanted.last.has_value());
  // Of several at the same time any may be the last.
  if (found.last) {
    EXPECT_EQ(found.last->executed_at, wanted.last->executed_at);
  }
}

namespace {

// Durations are told apart only by position, so ties at the hundredth would let backends differ.
std::vector<Execution> spread_out(size_t count, uint64_t seed) {
  auto all = random_executions(count, seed);
  for (size_t i = 0; i < all.size(); ++i) {
    const auto lateness = all[i].executed_at - all[i].due_at;
    all[i].executed_at = at_second(static_cast<int64_t>(i) * 601) + Duration{i * 7919 % 1'000'000};
    all[i].due_at = all[i].executed_at - lateness;
  }
  return all;
}

std::vector<ExecutionFilter> filters_of_every_shape() {
  const auto hours = [](int64_t count) { return at_second(0) + std::chrono::hours{count}; };
  // at_second(0) is the start of an hour.
  return {{},
          {.from = hours(10)},
          {.to = hours(30)},
          {.from = hours(10), .to = hours(90)},
          {.from = hours(10) + Duration{1}, .to = hours(90) - Duration{1}},
          {.from = hours(10) + Duration{1}, .to = hours(11) - Duration{1}},
          {.from = hours(10) + Duration{1'799'000'000}, .to = hours(12) + Duration{1'000'000'000}},
          {.from = hours(20), .to = hours(20)},
          {.from = hours(90), .to = hours(10)},
          {.entity_type = "order"},
          {.entity_type = "order", .action = "paid", .from = hours(5) + Duration{77}},
          {.action = "deleted", .to = hours(71) + Duration{5}},
          {.schedule_id = object_id(2)},
          {.schedule_id = "", .from = hours(10)},
          {.topic = "topic 1"},
          {.status = RunStatus::failure},
          {.state = State::dead, .to = hours(50)},
          {.event_id = event_id(3)},
          {.entity_type = "nothing"}};
}

}  // namespace

TEST_P(ExecutionStoreTest, StatsEqualBruteForce) {
  for (const uint64_t seed : {11U, 12U}) {
    const auto all = spread_out(900, seed);
    stores = {};
    stores = GetParam().open();
    ASSERT_TRUE(await<void>([&](auto done) { stores.executions->append(all, std::move(done)); }));
    const auto filters = filters_of_every_shape();
    for (size_t i = 0; i < filters.size(); ++i) {
      SCOPED_TRACE(fmt::format("seed {}, filter {}", seed, i));
      const auto found =
          await<ExecutionStats>([&](auto done) { stores.executions->stats(filters[i], std::move(done)); });
      expect_equal(found.value(), brute_force_stats(matching(all, filters[i]), false));
    }
  }
}

TEST_P(ExecutionStoreTest, GroupsEqualBruteForce) {
  const auto all = spread_out(900, 13);
  ASSERT_TRUE(append(all));
  const auto filters = filters_of_every_shape();
  for (size_t i = 0; i < filters.size(); ++i) {
    for (const auto by : {GroupBy::hour, GroupBy::event}) {
      SCOPED_TRACE(fmt::format("filter {}, by {}", i, by == GroupBy::hour ? "hour" : "event"));
      std::map<std::string, std::vector<Execution>> wanted;
      for (const auto& e : matching(all, filters[i])) {
        const auto hour = std::chrono::floor<std::chrono::hours>(e.executed_at);
        wanted[by == GroupBy::hour ? format_time(hour) : e.entity_type + "." + e.action].push_back(e);
      }
      const auto found = groups(filters[i], by);
      ASSERT_EQ(found.size(), wanted.size());
      size_t index = 0;
      for (const auto& [key, chosen] : wanted) {
        EXPECT_EQ(found[index].key, key);
        expect_equal(found[index++].stats, brute_force_stats(chosen, true));
      }
    }
  }
}

TEST_P(ExecutionStoreTest, PercentileIsTheNearestRank) {
  std::vector<Execution> all;
  for (uint64_t i = 0; i < 20; ++i) {
    all.push_back(full_execution(i));
    all.back().due_at = all.back().executed_at - Duration{(i + 1) * 3};  // 3…60 µs: exact in any histogram
  }
  ASSERT_TRUE(append(all));
  EXPECT_DOUBLE_EQ(stats({}).p50_lateness_ms, 0.030);
  EXPECT_DOUBLE_EQ(stats({}).p95_lateness_ms, 0.057);
  EXPECT_DOUBLE_EQ(stats({}).p99_lateness_ms, 0.060);
}

TEST_P(ExecutionStoreTest, SkipsHaveNoLateness) {
  auto skipped = full_execution(1);
  skipped.status = RunStatus::skipped;
  auto running = full_execution(2);
  running.status = RunStatus::running;
  ASSERT_TRUE(append({skipped, running}));
  const auto found = stats({});
  EXPECT_EQ(found.total, 2U);
  EXPECT_EQ(found.skipped, 1U);
  EXPECT_EQ(found.mean_lateness_ms, 0);
  EXPECT_EQ(found.p99_lateness_ms, 0);
}

TEST_P(ExecutionStoreTest, LastIsWhole) {
  ASSERT_TRUE(append({full_execution(3), full_execution(8), full_execution(5)}));
  const auto found = stats({});
  ASSERT_TRUE(found.last);
  EXPECT_EQ(difference(*found.last, full_execution(8)), "");
}

TEST_P(ExecutionStoreTest, ErrorsAreCountedByFirstLine) {
  std::vector<Execution> all;
  const auto add = [&](std::string error) {
    all.push_back(full_execution(all.size()));
    all.back().error = std::move(error);
  };
  add("refused\nby a");
  add("refused\nby b");
  add("");
  add("refused");
  add("time-out\n\nlate");
  add("time-out");
  add("odd");
  ASSERT_TRUE(append(all));
  const auto found = patterns({});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].error, "refused");
  EXPECT_EQ(found[0].count, 3U);
  EXPECT_EQ(found[0].last_at, all[3].executed_at);
  EXPECT_EQ(found[1].error, "time-out");
  EXPECT_EQ(found[1].count, 2U);
  EXPECT_EQ(found[2].error, "odd");
}

TEST_P(ExecutionStoreTest, PatternsOfAFilterEqualBruteForce) {
  const auto all = random_executions(500, 14);
  ASSERT_TRUE(append(all));
  for (const auto& filter : filters_of_every_shape()) {
    std::map<std::string, uint64_t> wanted;
    for (const auto& e : matching(all, filter)) {
      if (!e.error.empty()) ++wanted[e.error.substr(0, e.error.find('\n'))];
    }
    std::map<std::string, uint64_t> found;
    uint64_t last = UINT64_MAX;
    for (const auto& pattern : patterns(filter)) {
      EXPECT_LE(pattern.count, last);
      last = pattern.count;
      found[pattern.error] = pattern.count;
    }
    EXPECT_EQ(found, wanted);
  }
}

}  // namespace schedules::testing
