// The statements on the table of the audit trail.
#pragma once

#include <vector>

#include "store/audit_trail.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

Status append_entries(Database& database, const std::vector<AuditEntry>& entries);
/// What goes along with a change; null: nothing.
Status append_note(Database& database, const AuditNote& note);
/// Errors: invalid_argument (cursor).
Result<AuditPage> find_entries(Database& database, const AuditFilter& filter);
Result<uint64_t> forget_entries(Database& database, TimePoint before);

}  // namespace schedules::sqlite
