// The audit trail in `schedules_audit`: _id is the entry's id; `at_us` is its exact time, `changes` JSON text. There
// are no transactions to rely on: an entry is written before its change, with state "begun", and "done" once the
// change is; one whose change was refused goes. Blocks. Only for this room's sources.
#pragma once

#include <vector>

#include "mongo/connection.h"
#include "store/audit_trail.h"

namespace schedules {

Status append_entries(mongo::Connection& mongo, const std::vector<AuditEntry>& entries);
/// Errors: invalid_argument (cursor).
Result<AuditPage> find_entries(mongo::Connection& mongo, const AuditFilter& filter);
Result<uint64_t> forget_entries(mongo::Connection& mongo, TimePoint before);

Status begin_note(mongo::Connection& mongo, const AuditEntry& entry);
enum class NoteEnd : uint8_t { made, refused, unknown };
/// Best effort: what cannot be written stays as begun, which is shown as not certain.
void end_note(mongo::Connection& mongo, const AuditEntry& entry, NoteEnd end);

/// Makes a change, and notes it; null: only makes it. `change` is Result<T>(). Where the note cannot be begun the
/// change is not made.
template <class Change>
auto with_note(mongo::Connection& mongo, const AuditNote& note, Change change) -> decltype(change()) {
  if (!note) return change();
  if (auto begun = begin_note(mongo, *note); !begun) return fail(std::move(begun.error()));
  auto made = change();
  end_note(mongo, *note,
           made                                     ? NoteEnd::made
           : made.error().code == Code::unavailable ? NoteEnd::unknown
                                                    : NoteEnd::refused);
  return made;
}

}  // namespace schedules
