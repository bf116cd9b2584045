// The stores that settings ask for. Today the embedded ones: RocksDB for events, SQLite for schedules and executions.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "store/rocksdb/rocks_store.h"
#include "store/sqlite/execution_store.h"
#include "store/sqlite/schedule_store.h"

namespace schedules {

struct Stores {
  std::unique_ptr<RocksStore> events;
  std::unique_ptr<SqliteScheduleStore> schedules;
  std::unique_ptr<SqliteExecutionStore> executions;
};

/// Errors: those of the stores' open, with the path in the detail.
Result<Stores> open_stores(const Settings& settings, const Clock& clock);

/// Events due within it are near.
Duration immediate_horizon(const Settings& settings);
std::string events_dir(const Settings& settings);
std::string schedules_file(const Settings& settings);
std::string executions_file(const Settings& settings);

}  // namespace schedules
