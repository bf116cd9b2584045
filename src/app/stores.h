// The stores that settings ask for, each in its role. What no server is named for is embedded: RocksDB for events, SQLite for
// schedules and executions. The stream's tail is always this node's own.
#pragma once

#include <memory>
#include <string>

#include "analytics/outbox.h"
#include "config/settings.h"
#include "engine/local_guard.h"
#include "redis/client.h"
#include "store/clickhouse/execution_store.h"
#include "store/clickhouse/far_store.h"
#include "store/mongo/schedule_store.h"
#include "store/redis/redis_store.h"
#include "store/rocksdb/rocks_store.h"
#include "store/sqlite/execution_spool.h"
#include "store/sqlite/execution_store.h"
#include "store/sqlite/schedule_store.h"

namespace schedules {

class Stores {
 public:
  /// Never waits for a server. Errors: those of the embedded stores' open, with the path in the detail; invalid_argument
  /// for an address that cannot be one.
  static Result<std::unique_ptr<Stores>> open(const Settings& settings, const Clock& clock, Random& random);
  /// As close().
  ~Stores() { close(); }
  Stores(const Stores&) = delete;
  Stores& operator=(const Stores&) = delete;

  /// What is under way answers, and nothing more does: before the engine and the API, into which answers reach.
  void close();

  /// These stand before the stores from now on; they outlive the close.
  void put_before(NearStore& near, EventCatalog& near_catalog, FarStore& far, EventCatalog& far_catalog);

  [[nodiscard]] NearStore& near() const { return *near_; }
  [[nodiscard]] EventCatalog& near_catalog() const { return *near_catalog_; }
  [[nodiscard]] FarStore& far() const { return *far_; }
  [[nodiscard]] EventCatalog& far_catalog() const { return *far_catalog_; }
  /// Near and far are the same store, and this is both tiers of it; null: they are two.
  [[nodiscard]] EventCatalog* both_tiers() const { return one_store_ ? &rocks_->catalog() : nullptr; }
  [[nodiscard]] FarGuard* guard() const { return guard_; }
  [[nodiscard]] TailStore& tail() const { return rocks_->tail(); }
  [[nodiscard]] ScheduleStore& schedules() const { return *schedules_; }
  [[nodiscard]] ScheduleCounters& counters() const { return *counters_; }
  [[nodiscard]] DeadLetterStore& dead_letters() const { return *dead_letters_; }
  [[nodiscard]] DefinitionStore& definitions() const { return *definitions_; }
  [[nodiscard]] RunBook& runs() const { return *runs_; }
  [[nodiscard]] AuditTrail& audit() const { return *audit_; }
  [[nodiscard]] AlertStore& alerts() const { return *alerts_; }
  /// Where executions are written and read; with a server, through the outbox.
  [[nodiscard]] ExecutionStore& executions() const { return *executions_; }
  [[nodiscard]] AnalyticsStore& analytics() const { return *analytics_; }

  // Those of servers; null where there is none.
  [[nodiscard]] MongoScheduleStore* mongo() const { return mongo_.get(); }
  [[nodiscard]] redis::Client* redis_client() const { return redis_client_.get(); }
  [[nodiscard]] RedisStore* redis() const { return redis_.get(); }
  [[nodiscard]] ClickHouseFarStore* clickhouse_far() const { return clickhouse_far_.get(); }
  [[nodiscard]] ClickHouseExecutionStore* clickhouse_executions() const { return clickhouse_executions_.get(); }
  [[nodiscard]] ExecutionOutbox* outbox() const { return outbox_.get(); }
  [[nodiscard]] RocksStore& rocks() const { return *rocks_; }

 private:
  Stores() = default;
  Status open_embedded(const Settings& settings, const Clock& clock);
  Status open_schedules(const Settings& settings, const Clock& clock, Random& random);
  Status open_redis(const Settings& settings, const Clock& clock);
  Status open_clickhouse(const Settings& settings, const Clock& clock, Random& random);
  template <class Store>
  void keep_schedules_in(Store& store);
  void assign_roles(const Clock& clock);

  std::unique_ptr<RocksStore> rocks_;
  std::unique_ptr<SqliteScheduleStore> sqlite_schedules_;
  std::unique_ptr<MongoScheduleStore> mongo_;
  std::unique_ptr<SqliteExecutionStore> sqlite_executions_;
  std::unique_ptr<RedisStore> redis_;
  std::unique_ptr<redis::Client> redis_client_;
  std::unique_ptr<ClickHouseFarStore> clickhouse_far_;
  std::unique_ptr<ClickHouseExecutionStore> clickhouse_executions_;
  std::unique_ptr<SqliteExecutionSpool> spool_;
  std::unique_ptr<ExecutionOutbox> outbox_;
  std::unique_ptr<LocalGuard> local_guard_;

  bool one_store_ = true;
  NearStore* near_ = nullptr;
  EventCatalog* near_catalog_ = nullptr;
  FarStore* far_ = nullptr;
  EventCatalog* far_catalog_ = nullptr;
  FarGuard* guard_ = nullptr;
  ScheduleStore* schedules_ = nullptr;
  ScheduleCounters* counters_ = nullptr;
  DeadLetterStore* dead_letters_ = nullptr;
  DefinitionStore* definitions_ = nullptr;
  RunBook* runs_ = nullptr;
  AuditTrail* audit_ = nullptr;
  AlertStore* alerts_ = nullptr;
  ExecutionStore* executions_ = nullptr;
  AnalyticsStore* analytics_ = nullptr;
};

std::string events_dir(const Settings& settings);
std::string schedules_file(const Settings& settings);
std::string executions_file(const Settings& settings);

}  // namespace schedules
