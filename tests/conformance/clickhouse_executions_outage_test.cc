// A server of analytics that is away, that loses its answers, or dies half-way: nothing is lost, nothing counts twice.
#include <filesystem>

#include "analytics/outbox.h"
#include "store/sqlite/execution_spool.h"
#include "tests/conformance/clickhouse_executions_place.h"
#include "tests/conformance/sqlite_support.h"
#include "tests/support/server_control.h"
#include "tests/support/tcp_proxy.h"
#include "time/clock.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;

struct Outage : ::testing::Test {
  ClickHouseExecutions place;
  ~Outage() override { set_clickhouse_faults("[]"); }

  static Result<void> append(ExecutionStore& store, std::vector<Execution> executions) {
    return await<void>([&](auto done) { store.append(std::move(executions), std::move(done)); });
  }
  Result<void> append(std::vector<Execution> executions) { return append(*place.store, std::move(executions)); }
  std::string ask(const std::string& sql) { return place.database.ask(sql); }
  /// Rows, different rows, and what the hourly states count.
  std::string counts() {
    return ask(
        "SELECT (SELECT count() FROM schedule_execution_results FINAL), (SELECT uniqExact(executed_at, execution_id) "
        "FROM "
        "schedule_execution_results), (SELECT sum(total_executions) FROM schedule_performance_metrics)");
  }
};

TEST_F(Outage, AnAwayServerIsUnavailableAndIsFoundAgain) {
  TcpProxy proxy(clickhouse_address());
  proxy.set(TcpProxy::Mode::refuse);
  const auto store = place.open(proxy.address());
  EXPECT_EQ(append(*store, {full_execution(1)}).error().code, Code::unavailable);
  const auto find = [&] {
    return await<ExecutionPage>([&](auto done) { store->find_executions({}, std::move(done)); });
  };
  EXPECT_EQ(find().error().code, Code::unavailable);
  EXPECT_EQ(await<ExecutionStats>([&](auto done) { store->stats({}, std::move(done)); }).error().code,
            Code::unavailable);
  EXPECT_EQ(await<void>([&](auto done) { store->probe(std::move(done)); }).error().code, Code::unavailable);
  EXPECT_EQ(
      await<Expired>([&](auto done) { store->expire({at_second(0), at_second(0)}, std::move(done)); }).error().code,
      Code::unavailable);
  proxy.set(TcpProxy::Mode::pass);
  EXPECT_TRUE(append(*store, {full_execution(1)}));
  EXPECT_EQ(find()->executions.size(), 1U);
}

TEST_F(Outage, ARefusedInsertIsRepeatedOnce) {
  ASSERT_TRUE(append({full_execution(1)}));
  set_clickhouse_faults(R"([{"match":"INSERT INTO schedule_execution_results","status":503}])");
  EXPECT_EQ(append({full_execution(2), full_execution(3)}).error().code, Code::unavailable);
  EXPECT_TRUE(append({full_execution(2), full_execution(3)}));
  EXPECT_EQ(counts(), "3\t3\t3");
}

TEST_F(Outage, ALostAnswerCountsOnce) {
  ASSERT_TRUE(append({full_execution(1)}));
  for (uint64_t n = 2; n < 6; n += 2) {
    set_clickhouse_faults(R"([{"match":"INSERT INTO schedule_execution_results","after":true,"status":503}])");
    EXPECT_EQ(append({full_execution(n), full_execution(n + 1)}).error().code, Code::unavailable);
    EXPECT_TRUE(append({full_execution(n), full_execution(n + 1)}));
  }
  EXPECT_EQ(counts(), "5\t5\t5");
}

TEST_F(Outage, ARepeatTogetherWithOthersCountsOnce) {
  set_clickhouse_faults(R"([{"match":"INSERT INTO schedule_execution_results","after":true,"status":503}])");
  EXPECT_FALSE(append({full_execution(1), full_execution(2)}));
  EXPECT_TRUE(append({full_execution(2), full_execution(3), full_execution(3)}));
  EXPECT_TRUE(append({full_execution(1), full_execution(2), full_execution(3)}));
  EXPECT_EQ(counts(), "3\t3\t3");
}

// The server dies after the rows and before the states: as the materialised view sees it, the rows never came.
TEST_F(Outage, StatesThatAreMissingAreMadeByTheRepeat) {
  ASSERT_TRUE(append({full_execution(1)}));
  ask("DETACH TABLE schedule_performance_metrics_mv");
  ASSERT_TRUE(append({full_execution(2), full_execution(3)}));
  ask("ATTACH TABLE schedule_performance_metrics_mv");
  ASSERT_EQ(counts(), "3\t3\t1");
  EXPECT_TRUE(append({full_execution(2), full_execution(3)}));
  EXPECT_EQ(counts(), "3\t3\t3");
  EXPECT_TRUE(append({full_execution(2), full_execution(3)}));
  EXPECT_EQ(counts(), "3\t3\t3");
}

// As ClickHouse#121174: an insert is acknowledged and dropped, since its token is known although its rows are not there.
TEST_F(Outage, AnAcknowledgedInsertThatIsNotThereIsRepeated) {
  ASSERT_TRUE(append({full_execution(1), full_execution(2)}));
  ask("ALTER TABLE schedule_execution_results DROP PARTITION '2027-01-15'");
  ASSERT_EQ(ask("SELECT count() FROM schedule_execution_results"), "0");
  ASSERT_TRUE(append({full_execution(1), full_execution(2)}));
  EXPECT_EQ(ask("SELECT count() FROM schedule_execution_results"), "2");
}

// Some days of an insert are there, others and all states are not.
TEST_F(Outage, AnInsertThatWasHalfDoneIsCompletedByTheRepeat) {
  std::vector<Execution> batch;
  for (uint64_t day = 0; day < 4; ++day) {
    batch.push_back(full_execution(day));
    batch.back().executed_at += std::chrono::hours(24 * day);
  }
  ASSERT_TRUE(append({full_execution(99)}));
  ask("DETACH TABLE schedule_performance_metrics_mv");
  ASSERT_TRUE(append({batch[1], batch[3]}));
  ask("ATTACH TABLE schedule_performance_metrics_mv");
  ASSERT_EQ(counts(), "3\t3\t1");
  EXPECT_TRUE(append(batch));
  EXPECT_EQ(counts(), "5\t5\t5");
}

TEST_F(Outage, AnExceptionAtTheEndOfAGoodAnswerIsAFailure) {
  ASSERT_TRUE(append({full_execution(1)}));
  set_clickhouse_faults(R"([{"match":"count() AS total","tail":"Code: 241. DB::Exception: Memory limit exceeded"}])");
  const auto stats = await<ExecutionStats>([&](auto done) { place.store->stats({}, std::move(done)); });
  EXPECT_FALSE(stats);
}

TEST_F(Outage, TablesThatAreGoneAreMadeAgain) {
  ASSERT_TRUE(append({full_execution(1)}));
  ask("DROP TABLE schedule_execution_results");
  EXPECT_EQ(append({full_execution(2)}).error().code, Code::unavailable);
  EXPECT_TRUE(append({full_execution(2)}));
  EXPECT_EQ(ask("SELECT count() FROM schedule_execution_results"), "1");
}

// Else whoever asks for health would wait for a whole query's time.
TEST_F(Outage, ASilentServerIsNotWaitedForLong) {
  TcpProxy proxy(clickhouse_address());
  const auto store = place.open(proxy.address());
  ASSERT_TRUE(append(*store, {full_execution(1)}));
  proxy.set(TcpProxy::Mode::swallow_requests);
  const SystemClock clock;
  const auto began = clock.steady();
  EXPECT_EQ(await<void>([&](auto done) { store->probe(std::move(done)); }).error().code, Code::unavailable);
  EXPECT_EQ(await<ExecutionStats>([&](auto done) { store->stats({}, std::move(done)); }).error().code,
            Code::unavailable);
  EXPECT_LT(clock.steady() - began, 12s) << "a query that is waited for takes 15 s";
  proxy.set(TcpProxy::Mode::pass);
  proxy.cut();
  EXPECT_TRUE(await<void>([&](auto done) { store->probe(std::move(done)); }));
}

TEST_F(Outage, EndingAnswersWhatIsUnderWay) {
  ASSERT_TRUE(append({full_execution(1)}));
  set_clickhouse_faults(R"([{"match":"count() AS total","delay":2}])");
  std::promise<Result<ExecutionStats>> answer;
  place.store->stats({}, [&](Result<ExecutionStats> stats) { answer.set_value(std::move(stats)); });
  place.store.reset();
  auto future = answer.get_future();
  ASSERT_EQ(future.wait_for(60s), std::future_status::ready);
  future.get();
}

struct OutboxBeside : Outage {
  TemporaryFolder folder;
  SystemClock clock;
  std::unique_ptr<SqliteExecutionSpool> spool =
      std::move(SqliteExecutionSpool::open({.path = folder.file("spool.db")}).value());

  ~OutboxBeside() override { place.store.reset(); }  // its thread posts to the spool's

  /// Small batches as they come; all must be answered although nobody is there.
  static void append_all(ExecutionOutbox& outbox, const std::vector<Execution>& all, size_t batch) {
    for (size_t i = 0; i < all.size(); i += batch) {
      const auto end = std::min(i + batch, all.size());
      ASSERT_TRUE(append(outbox, {all.begin() + static_cast<int64_t>(i), all.begin() + static_cast<int64_t>(end)}));
    }
  }
};

TEST_F(OutboxBeside, AKilledServerLosesNothing) {
  const ServerControl server("SCHEDULES_TEST_CLICKHOUSE_CONTROL");
  const auto all = random_executions(6'000, 41);
  ASSERT_TRUE(append({full_execution(999'999)}));
  {
    ExecutionOutbox outbox(*place.store, *spool, clock, {.batch = 1'000});
    append_all(outbox, {all.begin(), all.begin() + 2'000}, 250);
    server.kill();
    append_all(outbox, {all.begin() + 2'000, all.end()}, 250);
    EXPECT_FALSE(outbox.flush(5s));
    EXPECT_GE(outbox.figures().waiting, 1U);
    server.start();
    for (int tries = 0; tries < 200 && !outbox.flush(10s); ++tries) std::this_thread::yield();
    EXPECT_EQ(outbox.figures().dropped, 0U);
    EXPECT_EQ(outbox.figures().waiting, 0U);
  }
  EXPECT_EQ(counts(), "6001\t6001\t6001");
}

TEST_F(OutboxBeside, ABlackHoleHoldsNobodyUp) {
  TcpProxy proxy(clickhouse_address());
  const auto store = place.open(proxy.address());
  ASSERT_TRUE(append(*store, {full_execution(999'999)}));
  const auto all = random_executions(2'000, 42);
  proxy.set(TcpProxy::Mode::swallow_answers);  // it is even done; nobody learns of it
  {
    ExecutionOutbox outbox(*store, *spool, clock, {.batch = 500});
    append_all(outbox, all, 100);  // else this would take a minute each
    EXPECT_GE(outbox.figures().waiting, 1U);
    proxy.set(TcpProxy::Mode::pass);
    proxy.cut();
    for (int tries = 0; tries < 200 && !outbox.flush(10s); ++tries) std::this_thread::yield();
    EXPECT_EQ(outbox.figures().waiting, 0U);
  }
  EXPECT_EQ(counts(), "2001\t2001\t2001");
}

}  // namespace
}  // namespace schedules::testing
