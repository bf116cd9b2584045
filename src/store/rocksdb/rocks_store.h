// The embedded store of events: near tier, far tier, catalog and the stream's tail in one RocksDB, so that one synced
// write makes a whole group of requests durable. Owned by the wiring; thread-safe. How it works inside and the bytes
// on disk: docs/internals/rocksdb-layout.md.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "sink/tail_store.h"
#include "store/event_catalog.h"
#include "store/far_store.h"
#include "store/near_store.h"

namespace schedules {

struct RocksOptions {
  std::string dir;      ///< created where it is missing, with its parents
  uint32_t shards = 1;  ///< of a new store, 1…1024; an existing one keeps what it was made with
  std::chrono::seconds dedupe_window{24 * 3600};  ///< how long finished ids are remembered
  /// `catalog().change` moves an event near when it then fires within this, far when it does not.
  Duration immediate_horizon = std::chrono::hours(24);
  size_t memory_bytes = size_t{16} << 20U;  ///< write buffers and block cache together, about; at least 8 MiB
  size_t queue_bytes = size_t{32} << 20U;   ///< waiting to be written; over it `overloaded` is answered
  size_t queue_requests = 4096;
  bool mark_in_flight = true;  ///< for the quarantine (crash_marks.h)
  bool sync = true;            ///< false: durable only against the death of the process. For benchmarks
};

struct LayoutStatus {
  bool exists = false;
  uint32_t found = 0;    ///< layout on disk; 0 where nothing exists
  uint32_t current = 0;  ///< what this version writes
  [[nodiscard]] bool needs_migration() const { return exists && found < current; }
};

/// Which catalog to give to the engine:
/// * RocksDB holds both tiers: `catalog()` for near and for far. It answers for both, finds in one firing order, and
///   moves a changed event between the tiers.
/// * The other tier is in another server: `near_catalog()` or `far_catalog()`, which see their own tier only.
/// A finished event is seen by the catalog of the tier it ended in.
///
/// One thread writes, in groups; two read (firing, API). Their answers come on these threads. What is in flight is
/// known in memory only: after a restart everything that was not settled waits again. Epochs are not looked at: the
/// one process that has the directory open owns every shard.
///
/// Errors beside those of the ports: overloaded (put, cancel, change, append: the queue is full, retry_after is set).
/// A full disk or a failing one does not need a restart: each later write first tries to bring the database back.
class RocksStore {
 public:
  /// Loads nothing; the time it takes does not depend on how much is pending. Errors: newer_layout (nothing was
  /// touched), corrupt, io_error, disk_full, unavailable (another process has it open), invalid_argument.
  static Result<std::unique_ptr<RocksStore>> open(RocksOptions options, const Clock& clock);
  /// What `open` would find, without touching it. Errors: corrupt, io_error.
  static Result<LayoutStatus> inspect(const std::string& dir);

  class Parts;
  explicit RocksStore(std::unique_ptr<Parts> parts);
  RocksStore(const RocksStore&) = delete;
  /// Writes what is queued, answers it, syncs, closes. No call may come once it has begun.
  ~RocksStore();

  [[nodiscard]] NearStore& near();
  [[nodiscard]] FarStore& far();
  [[nodiscard]] EventCatalog& catalog();
  [[nodiscard]] EventCatalog& near_catalog();
  [[nodiscard]] EventCatalog& far_catalog();
  [[nodiscard]] TailStore& tail();

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace schedules
