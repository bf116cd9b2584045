#include "store/sqlite/execution_store.h"

#include "store/sqlite/analytics_find.h"
#include "store/sqlite/analytics_row.h"
#include "store/sqlite/execution_find.h"
#include "store/sqlite/execution_stats.h"
#include "store/sqlite/execution_table.h"
#include "store/sqlite/lane.h"
#include "store/sqlite/migrations.h"

namespace schedules {
namespace {

// Appends that share a transaction; each may hold thousands of rows.
constexpr size_t kAppendsTogether = 8;
constexpr size_t kReadsTogether = 16;
// What fires goes before what fired is written down or asked about; a full recorder still stops it.
constexpr int kNice = 15;
// A log of 4 MiB: pages of the indexes change often, and each is written back once for many changes. Syncing a larger one
// keeps the disk from what fires for too long.
constexpr int32_t kCheckpointPages = 1024;
// Some 20 ms of work, for which appends may have to wait.
constexpr size_t kExpireStep = 5000;

}  // namespace

using sqlite::Database;

Result<std::unique_ptr<SqliteExecutionStore>> SqliteExecutionStore::open(SqliteExecutionOptions options) {
  auto writing = sqlite::open_migrated({.path = options.path,
                                        .durability = sqlite::Durability::process_loss,
                                        .max_bytes = options.max_bytes,
                                        .checkpoint_pages = kCheckpointPages},
                                       sqlite::execution_schema());
  if (!writing) return fail(std::move(writing.error()));
  auto reading = Database::open({.path = options.path, .read_only = true});
  if (!reading) return fail(std::move(reading.error()));
  auto writer =
      std::make_unique<sqlite::Lane>(std::move(*writing), options.writer, "executions-w", kAppendsTogether, kNice);
  auto reader =
      std::make_unique<sqlite::Lane>(std::move(*reading), options.reader, "executions-r", kReadsTogether, kNice);
  return std::unique_ptr<SqliteExecutionStore>(
      new SqliteExecutionStore(std::move(writer), std::move(reader), options.exact_rows_max));
}

SqliteExecutionStore::SqliteExecutionStore(std::unique_ptr<sqlite::Lane> writer, std::unique_ptr<sqlite::Lane> reader,
                                           size_t exact_rows_max)
    : exact_rows_max_(exact_rows_max), writer_(std::move(writer)), reader_(std::move(reader)) {}

SqliteExecutionStore::~SqliteExecutionStore() { closing_ = true; }

void SqliteExecutionStore::append(ExecutionBatch executions, Done<void> done) {
  writer_->write<void>(
      [executions = std::move(executions)](Database& db) { return sqlite::append_executions(db, *executions); },
      std::move(done));
}

void SqliteExecutionStore::find_executions(ExecutionFilter filter, Done<ExecutionPage> done) {
  reader_->read<ExecutionPage>(
      [filter = std::move(filter)](Database& db) { return sqlite::find_executions(db, filter); }, std::move(done));
}

void SqliteExecutionStore::stats(ExecutionFilter filter, Done<ExecutionStats> done) {
  reader_->read<ExecutionStats>([filter = std::move(filter), exact = exact_rows_max_](
                                    Database& db) { return sqlite::execution_stats(db, filter, exact); },
                                std::move(done));
}

void SqliteExecutionStore::groups(ExecutionFilter filter, GroupBy by, Done<std::vector<ExecutionGroup>> done) {
  reader_->read<std::vector<ExecutionGroup>>(
      [filter = std::move(filter), by, exact = exact_rows_max_](Database& db) {
        return sqlite::execution_groups(db, filter, by, exact);
      },
      std::move(done));
}

void SqliteExecutionStore::error_patterns(ExecutionFilter filter, Done<std::vector<ErrorPattern>> done) {
  reader_->read<std::vector<ErrorPattern>>(
      [filter = std::move(filter)](Database& db) { return sqlite::error_patterns(db, filter); }, std::move(done));
}

void SqliteExecutionStore::expire(RetentionCuts cuts, Done<Expired> done) {
  writer_->write<uint64_t>([before = cuts.analytics](Database& db) { return sqlite::expire_records(db, before); },
                           [this, cuts, done = std::move(done)](Result<uint64_t> records) mutable {
                             if (!records) return done(fail(std::move(records.error())));
                             expire_further(cuts, {.analytics = *records}, std::move(done));
                           });
}

void SqliteExecutionStore::expire_further(RetentionCuts cuts, Expired so_far, Done<Expired> done) {
  writer_->write<Expired>([cuts](Database& db) { return sqlite::expire_executions(db, cuts, kExpireStep); },
                          [this, cuts, so_far, done = std::move(done)](Result<Expired> removed) mutable {
                            if (!removed) return done(std::move(removed));
                            const uint64_t step = removed->history + removed->analytics;
                            so_far.history += removed->history;
                            so_far.analytics += removed->analytics;
                            if (step < kExpireStep || closing_) return done(so_far);
                            // Queued behind the appends that came meanwhile.
                            expire_further(cuts, so_far, std::move(done));
                          });
}

void SqliteExecutionStore::post_records(std::vector<AnalyticsRecord> records, Done<void> done) {
  writer_->write<void>([records = std::move(records)](Database& db) { return sqlite::insert_records(db, records); },
                       std::move(done));
}

void SqliteExecutionStore::find_records(AnalyticsFilter filter, Done<std::vector<AnalyticsRecord>> done) {
  reader_->read<std::vector<AnalyticsRecord>>(
      [filter = std::move(filter)](Database& db) { return sqlite::find_records(db, filter); }, std::move(done));
}

void SqliteExecutionStore::figures(AnalyticsFilter filter, AnalyticsBy by, Done<std::vector<AnalyticsGroup>> done) {
  reader_->read<std::vector<AnalyticsGroup>>(
      [filter = std::move(filter), by](Database& db) { return sqlite::analytics_figures(db, filter, by); },
      std::move(done));
}

void SqliteExecutionStore::common_errors(AnalyticsFilter filter, Done<std::vector<ErrorPattern>> done) {
  reader_->read<std::vector<ErrorPattern>>(
      [filter = std::move(filter)](Database& db) { return sqlite::common_errors(db, filter); }, std::move(done));
}

}  // namespace schedules
