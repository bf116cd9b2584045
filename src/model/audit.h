// One change that somebody made, as the audit trail keeps it. A plain value.
#pragma once

#include <memory>
#include <string>

#include "time/clock.h"

namespace schedules {

/// Who makes a change: a token's subject ("local" where there are no tokens), or one of our own parts.
struct Actor {
  std::string name;  ///< "alice", "local", "definition", "library"
  std::string role;  ///< "superuser", "producer", …; "system" of our own parts
};

struct AuditEntry {
  std::string id;  ///< 24 hex digits, derived from the rest: the same entry twice is one
  TimePoint at;
  Actor actor;
  std::string kind;            ///< schedule, definition, setting, dead_letter, event
  std::string object_id;       ///< of a change of many: that of its job
  std::string object_name;     ///< as it was called then; may be empty
  std::string action;          ///< create, update, delete, cancel, redrive, …
  std::string changes = "{}";  ///< JSON object: field → {"before": …, "after": …}; what is secret is not in it
  bool certain = true;         ///< false: the store went away before it said whether the change was made
};

/// With its id.
AuditEntry sealed(AuditEntry entry);

/// Goes with a change into the store, to be written together with it. Null: nothing is noted.
using AuditNote = std::shared_ptr<const AuditEntry>;

}  // namespace schedules
