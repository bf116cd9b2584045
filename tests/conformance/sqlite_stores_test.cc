// The suites, on SQLite: with threads of their own, and inline as the simulator runs them.
#include "tests/conformance/execution_suite.h"
#include "tests/conformance/schedule_suite.h"
#include "tests/conformance/sqlite_support.h"

namespace schedules::testing {
namespace {

template <class Store>
struct Opened {
  TemporaryFolder folder;
  InlineExecutor inline_executor;
  std::unique_ptr<Store> store;
};

ScheduleStores schedule_stores(bool threaded) {
  auto opened = std::make_shared<Opened<SqliteScheduleStore>>();
  opened->store = std::move(SqliteScheduleStore::open({.path = opened->folder.file("schedules.db"),
                                                       .executor = threaded ? nullptr : &opened->inline_executor})
                                .value());
  auto* const store = opened->store.get();
  return {std::move(opened), store, store, store, store, store, store, store};
}

ExecutionStores execution_stores(size_t exact_rows_max) {
  auto opened = std::make_shared<Opened<SqliteExecutionStore>>();
  opened->store = std::move(
      SqliteExecutionStore::open({.path = opened->folder.file("executions.db"), .exact_rows_max = exact_rows_max})
          .value());
  auto* const store = opened->store.get();
  return {std::move(opened), store, store};
}

const ScheduleBackend kThreaded{"Threaded", [] { return schedule_stores(true); }};
const ScheduleBackend kInline{"Inline", [] { return schedule_stores(false); }};
const ExecutionBackend kExact{"Exact", [] { return execution_stores(1'000'000); }};
// Every figure from the hourly sums where they can serve, else from histograms.
const ExecutionBackend kSummed{"Summed", [] { return execution_stores(0); }, 0.008};

INSTANTIATE_TEST_SUITE_P(Sqlite, ScheduleStoreTest, ::testing::Values(kThreaded, kInline), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, DeadLetterStoreTest, ::testing::Values(kThreaded), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, DefinitionStoreTest, ::testing::Values(kThreaded), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, RunBookTest, ::testing::Values(kThreaded), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, AuditTrailTest, ::testing::Values(kThreaded), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, AlertStoreTest, ::testing::Values(kThreaded), backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, AnalyticsStoreTest, ::testing::Values(kExact), execution_backend_name);
INSTANTIATE_TEST_SUITE_P(Sqlite, ExecutionStoreTest, ::testing::Values(kExact, kSummed), execution_backend_name);

}  // namespace
}  // namespace schedules::testing
