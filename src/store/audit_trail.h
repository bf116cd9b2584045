// The audit trail: who changed what, kept where schedules are kept. A note that goes along with a change
// (Schedule::audit, DefinitionOverrides::audit, ScheduleStore::remove) is written by the store of that change, in its
// transaction; append is for changes in other stores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "model/audit.h"

namespace schedules {

struct AuditFilter {
  std::optional<std::string> kind;
  std::optional<std::string> object_id;
  std::optional<std::string> actor;
  std::optional<TimePoint> since;  ///< half open
  std::optional<TimePoint> until;
  std::string cursor;
  size_t limit = 100;  ///< 1…1000
};

struct AuditPage {
  std::vector<AuditEntry> entries;  ///< newest first
  std::string next_cursor;          ///< empty: there are no more
};

/// All calls are thread-safe, answer once on a thread of the store, and are durable when they answer.
/// Errors: unavailable, disk_full, io_error, and those named.
class AuditTrail {
 public:
  virtual ~AuditTrail() = default;
  /// Idempotent by id.
  virtual void append_entries(std::vector<AuditEntry> entries, Done<void> done) = 0;
  /// Errors: invalid_argument (cursor).
  virtual void find_entries(AuditFilter filter, Done<AuditPage> done) = 0;
  /// Removes what is older; answers how many.
  virtual void forget_entries(TimePoint before, Done<uint64_t> done) = 0;
};

// A page's cursor says which entry was its last: "<at in micros>.<id>".
struct AuditPosition {
  TimePoint at;
  std::string id;
};
std::string cursor_of(const AuditEntry& entry);
/// Errors: invalid_argument (cursor).
Result<AuditPosition> parse_audit_cursor(std::string_view cursor);

}  // namespace schedules
