// The open RocksDB: families, error codes, and coming back after a fault. The only owner of the handles.
// Threads: read() from any thread; write(), revive() and the rest from the writer's thread only.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/rocksdb/layout.h"
#include "store/rocksdb/rocks_store.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace schedules::rocks {

/// The code that a failure of RocksDB means to a caller; `what` says what was tried.
Error to_error(const rocksdb::Status& status, std::string_view what);

/// Records that were found damaged, so that each is told once and not at every scan. Thread-safe.
class DamageNotes {
 public:
  /// Logs it, if this key was not noted before.
  void note(std::string_view key, std::string_view id, std::string_view error);
  [[nodiscard]] bool contains(std::string_view key) const;

 private:
  mutable std::mutex mutex_;
  std::atomic<bool> any_ = false;
  std::set<std::string, std::less<>> noted_;
};

class Database {
 public:
  using Handles = std::array<rocksdb::ColumnFamilyHandle*, kFamilies>;

  /// Holds the database open while it is read. Short-lived; do not keep one across a wait for the writer.
  class Reading {
   public:
    Reading(std::shared_lock<std::shared_mutex> lock, rocksdb::DB* db, const Handles& handles, DamageNotes& damage)
        : lock_(std::move(lock)), db_(db), handles_(&handles), damage_(&damage) {}
    [[nodiscard]] rocksdb::DB& db() const { return *db_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family family) const {
      return (*handles_)[static_cast<size_t>(family)];
    }
    [[nodiscard]] DamageNotes& damage() const { return *damage_; }

   private:
    std::shared_lock<std::shared_mutex> lock_;
    rocksdb::DB* db_;
    const Handles* handles_;
    DamageNotes* damage_;
  };

  /// `env`: null for the machine's own files; must outlive the database.
  static Result<std::unique_ptr<Database>> open(const RocksOptions& options, const Clock& clock, rocksdb::Env* env);
  ~Database();
  Database(const Database&) = delete;

  [[nodiscard]] uint32_t shards() const { return shards_; }
  /// Errors: unavailable, while it could not be brought back after a fault.
  Result<Reading> read();

  /// One atomic write. After an error nothing of the batch is visible; whether it comes back with a restart is open.
  Status write(rocksdb::WriteBatch& batch, bool sync);
  /// Makes everything written durable.
  Status sync();

  enum class Revived : uint8_t { resumed, reopened };
  /// After a failed write: brings the database back. Reopened: state kept in memory must be read again.
  Result<Revived> revive();

  /// Drops whole files that hold nothing but keys in [from, to), all deleted already. Best effort.
  void drop_files(Family family, std::string_view from, std::string_view to);

 private:
  Database(RocksOptions options, const Clock& clock, rocksdb::Env* env, uint32_t shards);
  Status open_files(bool create);
  void close_files();
  Status probe();

  const RocksOptions options_;
  const Clock& clock_;
  rocksdb::Env* const env_;
  const uint32_t shards_;

  std::shared_mutex gate_;  ///< exclusive only while the database is closed and opened again
  rocksdb::DB* db_ = nullptr;
  Handles handles_{};
  DamageNotes damage_;
};

}  // namespace schedules::rocks
