// Executions and analytics records in one SQLite file, executions.db: one thread appends, another reads, and neither
// waits for the other. Thread-safe. An answered append survives a crash of the program; the last
// second may go with the machine.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/executor.h"
#include "store/analytics_store.h"

namespace schedules {

namespace sqlite {
class Lane;
}

struct SqliteExecutionOptions {
  std::string path;
  Executor* writer = nullptr;       ///< absent: a thread of its own. Must outlive the store.
  Executor* reader = nullptr;       ///< absent: a thread of its own. Must outlive the store.
  uint64_t max_bytes = 0;           ///< of the file; beyond it appends answer disk_full. 0: no bound
  size_t exact_rows_max = 200'000;  ///< percentiles over more executions may be 0.8 % off; 8
                                    ///< bytes each, held only while the answer is made
};

class SqliteExecutionStore final : public ExecutionStore, public AnalyticsStore {
 public:
  /// Makes the file or brings it to the newest layout. Blocks. Errors: newer_layout (file
  /// untouched), corrupt, unavailable, disk_full, io_error.
  static Result<std::unique_ptr<SqliteExecutionStore>> open(SqliteExecutionOptions options);
  /// Answers what is under way first; an expiry stops early and answers what it removed. Not on an
  /// executor's thread.
  ~SqliteExecutionStore() override;

  /// The same id at the same executed_at is known and left out.
  void append(ExecutionBatch executions, Done<void> done) override;
  void find_executions(ExecutionFilter filter, Done<ExecutionPage> done) override;
  void stats(ExecutionFilter filter, Done<ExecutionStats> done) override;
  void groups(ExecutionFilter filter, GroupBy by, Done<std::vector<ExecutionGroup>> done) override;
  void error_patterns(ExecutionFilter filter, Done<std::vector<ErrorPattern>> done) override;
  /// In many short transactions, so that appends go on between them.
  void expire(RetentionCuts cuts, Done<Expired> done) override;

  void post_records(std::vector<AnalyticsRecord> records, Done<void> done) override;
  void find_records(AnalyticsFilter filter, Done<std::vector<AnalyticsRecord>> done) override;
  void figures(AnalyticsFilter filter, AnalyticsBy by, Done<std::vector<AnalyticsGroup>> done) override;
  void common_errors(AnalyticsFilter filter, Done<std::vector<ErrorPattern>> done) override;

 private:
  SqliteExecutionStore(std::unique_ptr<sqlite::Lane> writer, std::unique_ptr<sqlite::Lane> reader,
                       size_t exact_rows_max);
  void expire_further(RetentionCuts cuts, Expired so_far, Done<Expired> done);

  const size_t exact_rows_max_;
  std::atomic<bool> closing_ = false;
  std::unique_ptr<sqlite::Lane> writer_;
  std::unique_ptr<sqlite::Lane> reader_;  ///< ends first: the last connection clears the log away
};

}  // namespace schedules
