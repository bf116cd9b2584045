#include "store/sqlite/execution_spool.h"

#include <array>

#include "base/log.h"
#include "store/sqlite/execution_pack.h"
#include "store/sqlite/lane.h"
#include "store/sqlite/migrations.h"

namespace schedules {
namespace {

using sqlite::Database;

constexpr size_t kTogether = 16;

// What waits is kept as a sum: a spool of a long outage has many batches.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE execution_batches (
  seq INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  batch BLOB NOT NULL
);
CREATE TABLE execution_waiting (executions INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO execution_waiting VALUES (0, 0);
CREATE TRIGGER execution_batch_comes AFTER INSERT ON execution_batches BEGIN
  UPDATE execution_waiting SET executions = executions + new.count, bytes = bytes + new.bytes;
END;
CREATE TRIGGER execution_batch_goes AFTER DELETE ON execution_batches BEGIN
  UPDATE execution_waiting SET executions = executions - old.count, bytes = bytes - old.bytes;
END;
)sql";
constexpr std::array kSpoolSteps{sqlite::Migration{1, "batches that wait", kFirst}};
const sqlite::Schema kSchema{"spool", 0x45785370, kSpoolSteps};

Result<SpoolSize> size_of(Database& database) {
  auto row = database.query("SELECT executions, bytes FROM execution_waiting");
  SpoolSize size;
  if (row.step()) {
    size.executions = static_cast<uint64_t>(row.integer(0));
    size.bytes = static_cast<uint64_t>(row.integer(1));
  }
  if (auto done = row.end(); !done) return fail(std::move(done.error()));
  return size;
}

Status put_batch(Database& database, const std::string& batch, size_t count, uint64_t max_bytes) {
  const auto size = size_of(database);
  if (!size) return fail(size.error());
  if (size->bytes + batch.size() > max_bytes) {
    return fail(Code::overloaded, "{} executions wait already, {} bytes of at most {}", size->executions, size->bytes,
                max_bytes);
  }
  return database
      .query("INSERT INTO execution_batches(count, bytes, batch) VALUES (?1, ?2, ?3)",
             {count, batch.size(), sqlite::Blob{batch}})
      .end();
}

Result<SpoolRead> read_oldest(Database& database, size_t limit) {
  SpoolRead read;
  auto rows = database.query("SELECT seq, count, batch FROM execution_batches ORDER BY seq");
  while (rows.step()) {
    const auto count = static_cast<size_t>(rows.integer(1));
    if (!read.batches.empty() && read.executions.size() + count > limit) return read;
    read.batches.push_back(rows.integer(0));
    auto batch = sqlite::unpack_executions(rows.bytes(2));
    if (!batch) {
      log::error("spool.damaged", {{"executions", std::to_string(count)}, {"error", batch.error().detail}});
      read.damaged += count;
      continue;
    }
    read.executions.insert(read.executions.end(), std::make_move_iterator(batch->begin()),
                           std::make_move_iterator(batch->end()));
  }
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  return read;
}

}  // namespace

Result<std::unique_ptr<SqliteExecutionSpool>> SqliteExecutionSpool::open(SqliteSpoolOptions options) {
  auto database = sqlite::open_migrated(
      {.path = options.path, .durability = sqlite::Durability::process_loss, .cache_kib = 512}, kSchema);
  if (!database) return fail(std::move(database.error()));
  auto lane = std::make_unique<sqlite::Lane>(std::move(*database), options.executor, "spool", kTogether);
  return std::unique_ptr<SqliteExecutionSpool>(new SqliteExecutionSpool(std::move(lane), options.max_bytes));
}

SqliteExecutionSpool::SqliteExecutionSpool(std::unique_ptr<sqlite::Lane> lane, uint64_t max_bytes)
    : max_bytes_(max_bytes), lane_(std::move(lane)) {}

SqliteExecutionSpool::~SqliteExecutionSpool() = default;

void SqliteExecutionSpool::put(const ExecutionBatch& executions, Done<void> done) {
  if (executions->empty()) return done({});
  lane_->write<void>([batch = sqlite::pack_executions(*executions), count = executions->size(),
                      most = max_bytes_](Database& db) { return put_batch(db, batch, count, most); },
                     std::move(done));
}

void SqliteExecutionSpool::oldest(size_t limit, Done<SpoolRead> done) {
  lane_->read<SpoolRead>([limit](Database& db) { return read_oldest(db, limit); }, std::move(done));
}

void SqliteExecutionSpool::drop(std::vector<int64_t> batches, Done<void> done) {
  lane_->write<void>(
      [batches = std::move(batches)](Database& db) -> Status {
        auto remove = db.prepare("DELETE FROM execution_batches WHERE seq = ?1");
        for (const int64_t seq : batches) {
          if (auto removed = remove.run({seq}); !removed) return removed;
        }
        return {};
      },
      std::move(done));
}

void SqliteExecutionSpool::size(Done<SpoolSize> done) {
  lane_->read<SpoolSize>([](Database& db) { return size_of(db); }, std::move(done));
}

}  // namespace schedules
