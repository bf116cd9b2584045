// Brings declared definitions into the stores: their records into the DefinitionStore, and of each effective one a
// schedule, owned by its module. Idempotent; what an operator paused or has overridden survives.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/executor.h"
#include "definitions/definition_file.h"
#include "engine/schedules.h"
#include "store/definition_store.h"
#include "time/clock.h"

namespace schedules::api {

struct SyncReport {
  uint64_t created = 0;
  uint64_t updated = 0;
  uint64_t unchanged = 0;
  uint64_t disabled = 0;            ///< no longer declared
  std::vector<std::string> faults;  ///< of files and of single definitions; the others have been applied
};

struct DefinitionView {
  StoredDefinition definition;
  std::optional<Schedule> schedule;
};

/// Thread-safe. Works on a thread of its own, which waits for the stores.
class DefinitionDesk {
 public:
  /// All must outlive it.
  DefinitionDesk(DefinitionStore& store, Schedules& schedules, const Clock& clock, bool cron_seconds_last);
  /// Waits for what is under way; later calls answer shutting_down.
  ~DefinitionDesk();

  /// Applies what is declared now. Of the modules that declare something, stored definitions that are no longer declared are
  /// disabled, unless a file had a fault: what it hides may still be declared. Errors: those of the stores; single
  /// definitions that cannot be applied are in the report and in their last_error.
  void sync(DefinitionFiles declared, Done<SyncReport> done);
  /// Of the module, or all (empty), by event name.
  void list(std::string module_name, Done<std::vector<DefinitionView>> done);
  /// By class or event name. Errors: not_found.
  void get(std::string name, Done<DefinitionView> done);
  /// Overrides, and applies them at once. Errors: not_found, and what check_schedule says of the result, which is then not
  /// stored.
  void set_overrides(std::string name, DefinitionOverrides overrides, Actor by, Done<DefinitionView> done);

  /// Faults of the last sync. For health.
  [[nodiscard]] std::vector<std::string> faults() const;

 private:
  class Sync;

  DefinitionStore& store_;
  Schedules& schedules_;
  const Clock& clock_;
  bool cron_seconds_last_;
  mutable std::mutex mutex_;
  std::vector<std::string> faults_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Executor> work_;
};

}  // namespace schedules::api
