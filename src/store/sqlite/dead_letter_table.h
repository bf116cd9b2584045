// The statements on the table of dead letters.
#pragma once

#include <optional>
#include <vector>

#include "store/schedule_store.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

Status bury_letters(Database& database, const std::vector<DeadLetter>& letters);
Result<std::optional<DeadLetter>> get_letter(Database& database, const EventId& id);
/// Errors: invalid_argument (cursor).
Result<DeadLetterPage> find_letters(Database& database, const DeadLetterFilter& filter);
Result<uint64_t> drop_letters(Database& database, const std::vector<EventId>& ids);

}  // namespace schedules::sqlite
