// The store's small books: what stands in memory beside RocksDB and is stored in the same writes. One object, so that a
// group of requests is applied to all of it or to none of it.
#pragma once

#include <map>
#include <mutex>

#include "sink/tail_store.h"
#include "store/rocksdb/in_flight.h"
#include "store/rocksdb/run_table.h"

namespace schedules::rocks {

/// How many finished events are remembered, in buckets by when they are forgotten. Writer changes, anybody reads.
class Remembered {
 public:
  explicit Remembered(std::chrono::seconds window);
  Status load(const Database::Reading& reading);

  [[nodiscard]] int64_t expires_at(TimePoint now) const { return to_micros(now) + window_us_; }
  void add(Tier tier, int64_t expires_at) { change(tier, expires_at, 1); }
  void remove(Tier tier, int64_t expires_at) { change(tier, expires_at, -1); }
  /// Whether a bucket has passed since the last time.
  [[nodiscard]] bool something_passed(TimePoint now) const;
  void forget(TimePoint now, rocksdb::WriteBatch& batch);
  void stage(rocksdb::WriteBatch& batch);
  void commit();
  void abort() { changes_.clear(); }

  [[nodiscard]] uint64_t count(Tier tier, TimePoint now) const;

 private:
  using Bucket = std::pair<Tier, int64_t>;
  void change(Tier tier, int64_t expires_at, int64_t by);

  const int64_t window_us_;
  const int64_t width_us_;
  mutable std::mutex mutex_;
  std::map<Bucket, uint64_t> buckets_;
  std::map<Bucket, int64_t> changes_;  ///< the writer's alone
};

/// Hands out accept-order numbers. They are reserved in blocks, so a restart leaves a gap, never a repeat. Writer only.
class Sequences {
 public:
  Status load(const Database::Reading& reading);
  uint64_t next() { return next_++; }
  void stage(rocksdb::WriteBatch& batch);
  void commit() { reserved_ = staged_; }

 private:
  uint64_t next_ = 1;
  uint64_t reserved_ = 1;  ///< stored: all before it may have been handed out
  uint64_t staged_ = 1;
};

/// First and last message of the stream's tail. Writer changes, anybody reads.
class TailBounds {
 public:
  Status load(const Database::Reading& reading);
  [[nodiscard]] TailRange committed() const;
  TailRange& draft();
  void stage(rocksdb::WriteBatch& batch);
  void commit();
  void abort() { touched_ = false; }

 private:
  mutable std::mutex mutex_;
  TailRange committed_;
  TailRange draft_;
  bool touched_ = false;
};

struct Ledger {
  Ledger(uint32_t shards, std::chrono::seconds dedupe_window) : runs(shards), remembered(dedupe_window) {}
  Status load(const Database::Reading& reading);
  void stage(rocksdb::WriteBatch& batch);
  void commit();
  void abort();

  RunTable runs;
  Remembered remembered;
  Sequences sequences;
  TailBounds tail;
  InFlight in_flight;  ///< of this process; not stored
};

}  // namespace schedules::rocks
