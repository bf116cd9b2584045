// What the calls of the execution store share. Each call keeps it alive. Internal to this room.
#pragma once

#include <atomic>
#include <mutex>

#include "clickhouse/client.h"
#include "clickhouse/row_binary.h"
#include "store/clickhouse/execution_query.h"
#include "store/clickhouse/execution_schema.h"
#include "store/clickhouse/execution_store.h"

namespace schedules {

struct ClickHouseExecutionStore::Core : std::enable_shared_from_this<Core> {
  Core(clickhouse::Client& client, size_t its_exact_rows_max)
      : gate(client, execution_layout()), exact_rows_max(its_exact_rows_max) {}

  /// As ClickHouseGate::query; a server that did not answer last time is not waited for long.
  void ask(clickhouse::Query query, Done<clickhouse::Answer> done);

  /// How long executions of schedules, and the others, are to be kept; 0: nothing was asked for.
  struct DaysKept {
    uint32_t history = 0;
    uint32_t analytics = 0;
  };
  DaysKept days_kept() {
    const std::scoped_lock lock(mutex);
    return days;
  }

  ClickHouseGate gate;
  const size_t exact_rows_max;
  std::atomic<bool> away = false;

  std::mutex mutex;  ///< guards what is below
  DaysKept days;
  bool retention_applied = true;
};
using ExecutionCore = std::shared_ptr<ClickHouseExecutionStore::Core>;

/// Rows that two nodes wrote at once may be there twice for a while. Figures read merged rows (FINAL), which would cost a
/// page the whole table; so a page reads some more rows than it needs, and leaves out those that are there again.
inline constexpr size_t kSpareRows = 8;

/// Reading: rows that are there twice count once.
clickhouse::Query reading(std::string sql, const Conditions& conditions);
/// Writing rows, `body` in RowBinary. The same rows have the same token.
clickhouse::Query inserting(std::string sql, std::string body);

void append_executions(const ExecutionCore& core, std::vector<Execution> executions, Done<void> done);
void find_executions(const ExecutionCore& core, ExecutionFilter filter, Done<ExecutionPage> done);
void execution_stats(const ExecutionCore& core, ExecutionFilter filter, Done<ExecutionStats> done);
void execution_groups(const ExecutionCore& core, ExecutionFilter filter, GroupBy by,
                      Done<std::vector<ExecutionGroup>> done);
/// The most frequent first lines of errors of a table, at most `limit`.
void error_lines(const ExecutionCore& core, std::string_view table, std::string_view time_column, Conditions conditions,
                 size_t limit, Done<std::vector<ErrorPattern>> done);
void expire_executions(const ExecutionCore& core, RetentionCuts cuts, Done<Expired> done);
/// Where the server's TTLs are not those that were asked for, asks for them.
void apply_retention(const ExecutionCore& core);

void post_records(const ExecutionCore& core, const std::vector<AnalyticsRecord>& records, Done<void> done);
void find_records(const ExecutionCore& core, AnalyticsFilter filter, Done<std::vector<AnalyticsRecord>> done);
void analytics_figures(const ExecutionCore& core, AnalyticsFilter filter, AnalyticsBy by,
                       Done<std::vector<AnalyticsGroup>> done);

}  // namespace schedules
