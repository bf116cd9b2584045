// What every store of executions must do:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ExecutionStoreTest, ::testing::Values(backend),
//   execution_backend_name);
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "store/analytics_store.h"
#include "tests/conformance/schedule_await.h"
#include "tests/conformance/schedule_samples.h"

namespace schedules::testing {

struct ExecutionStores {
  std::shared_ptr<void> owner;  ///< closes the store and clears away
  ExecutionStore* executions = nullptr;
  AnalyticsStore* analytics = nullptr;  ///< the same store by its other face
};

struct ExecutionBackend {
  std::string name;
  std::function<ExecutionStores()> open;  ///< an empty store, of this test alone
  double percentile_error = 0;            ///< how far percentiles may be off, as a part of the exact value
};

inline std::string execution_backend_name(const ::testing::TestParamInfo<ExecutionBackend>& info) {
  return info.param.name;
}

/// Executions as a busy week makes them: bursts on one microsecond, retries, skips, errors. Not in
/// order of time.
std::vector<Execution> random_executions(size_t count, uint64_t seed);
/// Newest first, those that the filter selects; cursor, skip and limit play no part.
std::vector<Execution> matching(const std::vector<Execution>& all, const ExecutionFilter& filter);
/// The figures, counted the slow way. mean_duration_ms is of the last 100, or of all `in_group`.
ExecutionStats brute_force_stats(const std::vector<Execution>& chosen, bool in_group);

class ExecutionStoreTest : public ::testing::TestWithParam<ExecutionBackend> {
 protected:
  ExecutionStores stores = GetParam().open();
  ExecutionStore& store = *stores.executions;

  Status append(std::vector<Execution> executions) {
    return await<void>([&](auto done) { store.append(std::move(executions), std::move(done)); });
  }
  ExecutionPage find(ExecutionFilter filter) {
    return await<ExecutionPage>([&](auto done) { store.find_executions(std::move(filter), std::move(done)); }).value();
  }
  std::vector<std::string> find_ids(ExecutionFilter filter) { return ids(find(std::move(filter)).executions); }
  /// All pages one after the other.
  std::vector<Execution> find_all(ExecutionFilter filter);
  ExecutionStats stats(ExecutionFilter filter) {
    return await<ExecutionStats>([&](auto done) { store.stats(std::move(filter), std::move(done)); }).value();
  }
  std::vector<ExecutionGroup> groups(ExecutionFilter filter, GroupBy by) {
    return await<std::vector<ExecutionGroup>>([&](auto done) { store.groups(std::move(filter), by, std::move(done)); })
        .value();
  }
  std::vector<ErrorPattern> patterns(ExecutionFilter filter) {
    return await<std::vector<ErrorPattern>>(
               [&](auto done) { store.error_patterns(std::move(filter), std::move(done)); })
        .value();
  }
  Expired expire(RetentionCuts cuts) {
    return await<Expired>([&](auto done) { store.expire(cuts, std::move(done)); }).value();
  }
  uint64_t expire(TimePoint before) {
    const auto expired = expire({before, before});
    return expired.history + expired.analytics;
  }
  void expect_equal(const ExecutionStats& found, const ExecutionStats& wanted);
  static std::vector<std::string> ids(const std::vector<Execution>& executions) {
    std::vector<std::string> found;
    for (const auto& execution : executions) found.push_back(execution.id);
    return found;
  }
};

/// Records as other programs post them, over the same week as random_executions.
std::vector<AnalyticsRecord> random_records(size_t count, uint64_t seed);
/// Every field is set and unlike that of another number.
AnalyticsRecord full_record(uint64_t number);

class AnalyticsStoreTest : public ExecutionStoreTest {
 protected:
  AnalyticsStore& analytics = *stores.analytics;

  Status post(std::vector<AnalyticsRecord> records) {
    return await<void>([&](auto done) { analytics.post_records(std::move(records), std::move(done)); });
  }
  std::vector<AnalyticsRecord> records(AnalyticsFilter filter) {
    return await<std::vector<AnalyticsRecord>>(
               [&](auto done) { analytics.find_records(std::move(filter), std::move(done)); })
        .value();
  }
  std::vector<AnalyticsGroup> figures(AnalyticsFilter filter, AnalyticsBy by) {
    return await<std::vector<AnalyticsGroup>>(
               [&](auto done) { analytics.figures(std::move(filter), by, std::move(done)); })
        .value();
  }
  std::vector<ErrorPattern> errors(AnalyticsFilter filter) {
    return await<std::vector<ErrorPattern>>(
               [&](auto done) { analytics.common_errors(std::move(filter), std::move(done)); })
        .value();
  }
};

}  // namespace schedules::testing
