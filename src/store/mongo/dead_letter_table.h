// Dead letters in `schedules_dead_letters`: _id is the event's id; what is asked for and what an operator wants to see stands
// in fields, the whole event packed in `record` (model/record.h). Blocks. Only for this room's sources.
#pragma once

#include <optional>
#include <vector>

#include "mongo/connection.h"
#include "store/schedule_store.h"

namespace schedules {

Status bury_letters(mongo::Connection& mongo, const std::vector<DeadLetter>& letters);
Result<std::optional<DeadLetter>> get_letter(mongo::Connection& mongo, const EventId& id);
/// Errors: invalid_argument (cursor).
Result<DeadLetterPage> find_letters(mongo::Connection& mongo, const DeadLetterFilter& filter);
Result<uint64_t> drop_letters(mongo::Connection& mongo, const std::vector<EventId>& ids);
Result<uint64_t> count_letters(mongo::Connection& mongo);

}  // namespace schedules
