// The layout of what we keep in MongoDB: collections, indexes, and the document {_id: "layout"} of `schedules_meta`, which
// says which steps have been taken. Steps may be repeated and run by several nodes at once.
//
// To change the layout: add a step, never edit one that was released; a document's own layout is in schedule_document.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "mongo/connection.h"
#include "time/clock.h"

namespace schedules {

namespace collections {
inline constexpr const char* kSchedules = "mongo_schedules";
inline constexpr const char* kExecutions = "mongo_schedule_executions";
inline constexpr const char* kDefinitions = "scheduled_event_definitions";
inline constexpr const char* kDeadLetters = "schedules_dead_letters";
inline constexpr const char* kRuns = "schedules_runs";
inline constexpr const char* kAudit = "schedules_audit";
inline constexpr const char* kAlerts = "schedules_alerts";
inline constexpr const char* kMeta = "schedules_meta";
inline constexpr const char* kUsers = "users";
inline constexpr const char* kSettings = "settings";
inline constexpr const char* kLegacySchedules = "schedules";
}  // namespace collections

struct MongoLayoutStatus {
  bool exists = false;
  uint32_t found = 0;  ///< 0 where there is nothing
  uint32_t current = 0;
  std::vector<std::string> steps;  ///< that migrating would take, in words
  [[nodiscard]] bool needs_migration() const { return found < current; }
};

struct MongoLayoutOptions {
  std::chrono::days history_ttl{30};  ///< of mongo_schedule_executions
  bool import_legacy = true;          ///< of the original's collection `schedules`, once
  std::string node_id;                ///< who imports, for the note about it
};

/// Brings the database to this version's layout at first contact. Thread-safe; blocks, on the client's threads.
class MongoLayout {
 public:
  MongoLayout(MongoLayoutOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  /// Errors: newer_layout (nothing was touched), and those of the connection. What has failed is tried again next time.
  Status ensure(mongo::Connection& mongo);
  /// As ensure; and again where the database has been dropped or restored meanwhile.
  Status ensure_still(mongo::Connection& mongo);
  /// Without touching anything. A newer layout is an answer, not an error.
  Result<MongoLayoutStatus> inspect(mongo::Connection& mongo) const;

  /// False where the unique index on names could not be made, as other programs have stored one twice.
  [[nodiscard]] bool names_are_guarded() const;
  /// Legacy schedules that this process has imported.
  [[nodiscard]] uint64_t imported() const;

 private:
  Status migrate(mongo::Connection& mongo);
  Status make_indexes(mongo::Connection& mongo);

  const MongoLayoutOptions options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  bool ready_ = false;         ///< guarded by mutex_
  bool names_guarded_ = true;  ///< guarded by mutex_
  uint64_t imported_ = 0;      ///< guarded by mutex_
};

}  // namespace schedules
