// A million executions: figures, printed, and that reads look only at what they need.
#include "tests/conformance/clickhouse_executions_place.h"
#include "time/clock.h"

namespace schedules::testing {
namespace {

constexpr uint64_t kCount = 1'000'000;
constexpr uint64_t kBatch = 20'000;

struct Scale : ::testing::Test {
  ClickHouseExecutions place;
  SystemClock clock;

  static Execution execution(uint64_t n) {
    auto made = full_execution(n);
    made.id = fmt::format("{}-1", made.event_id.text());
    made.executed_at = at_second(0) + std::chrono::milliseconds(n * 500);  // six days
    made.due_at = made.executed_at - Duration{n * 7919 % 2'000'000};
    made.entity_type = n % 3 == 0 ? "order" : "invoice";
    made.topic = "stufio.events";
    made.status = n % 50 == 0 ? RunStatus::failure : RunStatus::success;
    made.state = State::fired;
    made.error = n % 50 == 0 ? fmt::format("HTTP 50{}", n % 4) : "";
    return made;
  }
  template <class T, class Call>
  T timed(std::string_view what, Call call) {
    const auto began = clock.steady();
    auto answer = await<T>(std::move(call));
    const std::chrono::duration<double, std::milli> took = clock.steady() - began;
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().detail);
    fmt::print("{:<48} {:8.1f} ms\n", what, took.count());
    return answer ? std::move(*answer) : T{};
  }
};

TEST_F(Scale, AMillion) {
  double seconds = 0;
  for (uint64_t first = 0; first < kCount; first += kBatch) {
    std::vector<Execution> batch;
    for (uint64_t n = first; n < first + kBatch; ++n) batch.push_back(execution(n));
    const auto began = clock.steady();
    ASSERT_TRUE(await<void>([&](auto done) { place.store->append(std::move(batch), std::move(done)); }));
    seconds += std::chrono::duration<double>(clock.steady() - began).count();
  }
  fmt::print("append, {} each                              {:8.0f} executions/s\n", kBatch, kCount / seconds);

  auto& store = *place.store;
  const auto all =
      timed<ExecutionStats>("stats of a million rows, exact", [&](auto done) { store.stats({}, std::move(done)); });
  EXPECT_EQ(all.total, kCount);
  EXPECT_EQ(all.failed, kCount / 50);
  const auto summed = place.open(clickhouse_address(), 1000);
  const auto states = timed<ExecutionStats>("stats of a million, from hourly states",
                                            [&](auto done) { summed->stats({}, std::move(done)); });
  EXPECT_EQ(states.total, all.total);
  EXPECT_NEAR(states.p95_lateness_ms, all.p95_lateness_ms, all.p95_lateness_ms * 0.01);
  EXPECT_NEAR(states.p99_lateness_ms, all.p99_lateness_ms, all.p99_lateness_ms * 0.01);
  const auto hours = timed<std::vector<ExecutionGroup>>(
      "groups by hour, exact", [&](auto done) { store.groups({}, GroupBy::hour, std::move(done)); });
  EXPECT_EQ(hours.size(), 139U);
  const auto hours_summed = timed<std::vector<ExecutionGroup>>(
      "groups by hour, from states", [&](auto done) { summed->groups({}, GroupBy::hour, std::move(done)); });
  EXPECT_EQ(hours_summed.size(), 139U);
  timed<std::vector<ErrorPattern>>("error patterns", [&](auto done) { store.error_patterns({}, std::move(done)); });
  timed<std::vector<AnalyticsGroup>>("analytics by type",
                                     [&](auto done) { store.figures({}, AnalyticsBy::type, std::move(done)); });
  auto page =
      timed<ExecutionPage>("newest 50", [&](auto done) { store.find_executions({.limit = 50}, std::move(done)); });
  ASSERT_EQ(page.executions.size(), 50U);
  page = timed<ExecutionPage>("newest 50 of a schedule", [&](auto done) {
    store.find_executions({.schedule_id = object_id(3), .limit = 50}, std::move(done));
  });
  EXPECT_EQ(page.executions.size(), 50U);
  page = timed<ExecutionPage>("one event of a million", [&](auto done) {
    store.find_executions({.event_id = event_id(123'456), .limit = 50}, std::move(done));
  });
  ASSERT_EQ(page.executions.size(), 1U);
  const auto expired = timed<Expired>(
      "expire a day", [&](auto done) { store.expire({at_second(86'400), at_second(86'400)}, std::move(done)); });
  EXPECT_EQ(expired.history, 86'400U * 2);
}

}  // namespace
}  // namespace schedules::testing
