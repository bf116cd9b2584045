// Executions and analytics in ClickHouse. Thread-safe; answers come on the client's thread, or in the caller where nothing
// has to be asked. The server may be away at any time: calls answer unavailable until it is there, and the tables are made
// at first contact.
//
// Appending is idempotent by (executed_at, id). What the server has already is left out, so that hourly states count it
// once; an insert whose answer was lost carries the same deduplication token when it is repeated.
#pragma once

#include <memory>

#include "store/analytics_store.h"
#include "store/clickhouse/migrations.h"

namespace schedules {

struct ClickHouseExecutionOptions {
  clickhouse::Url url;
  clickhouse::Options client;
  /// Figures over more executions come from hourly states: percentiles may be 0.5 % off, counts and means are exact.
  size_t exact_rows_max = 200'000;
};

class ClickHouseExecutionStore final : public ExecutionStore, public AnalyticsStore {
 public:
  /// Never asks the server. Errors: internal.
  static Result<std::unique_ptr<ClickHouseExecutionStore>> open(ClickHouseExecutionOptions options);
  /// What is under way answers shutting_down; it may have been done or not.
  ~ClickHouseExecutionStore() override;

  void append(ExecutionBatch executions, Done<void> done) override;
  void find_executions(ExecutionFilter filter, Done<ExecutionPage> done) override;
  void stats(ExecutionFilter filter, Done<ExecutionStats> done) override;
  void groups(ExecutionFilter filter, GroupBy by, Done<std::vector<ExecutionGroup>> done) override;
  void error_patterns(ExecutionFilter filter, Done<std::vector<ErrorPattern>> done) override;
  /// Hourly states go by whole hours; a figure that begins at the cut is exact.
  void expire(RetentionCuts cuts, Done<Expired> done) override;

  void post_records(std::vector<AnalyticsRecord> records, Done<void> done) override;
  void find_records(AnalyticsFilter filter, Done<std::vector<AnalyticsRecord>> done) override;
  void figures(AnalyticsFilter filter, AnalyticsBy by, Done<std::vector<AnalyticsGroup>> done) override;
  void common_errors(AnalyticsFilter filter, Done<std::vector<ErrorPattern>> done) override;

  /// Whether the server is there with our tables; for health.
  void probe(Done<void> done);
  /// What opening would find and change, without touching it. Errors: unavailable and the like.
  void inspect(Done<ClickHouseLayoutStatus> done);
  /// The TTL of the tables, so that rows also go where nobody calls expire(). Applied now, or by a later probe.
  void keep_for(uint32_t history_days, uint32_t analytics_days);

  struct Core;
  ClickHouseExecutionStore(std::unique_ptr<clickhouse::Client> client, size_t exact_rows_max);

 private:
  // Core first: the client's end answers what is under way, which still looks at it.
  std::shared_ptr<Core> core_;
  std::unique_ptr<clickhouse::Client> client_;
};

}  // namespace schedules
