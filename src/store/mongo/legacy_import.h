// The original's first collection, `schedules`, brought into `mongo_schedules` once. It is only read: the original can go on
// with it. Only for this room's sources.
#pragma once

#include "mongo/connection.h"
#include "time/clock.h"

namespace schedules {

/// Does nothing where it has been done, or where another node is at it. Ids stay, so that whatever was interrupted goes on
/// where it ended; one whose name is taken gets another. Answers how many it has brought. Blocks.
Result<uint64_t> import_legacy_schedules(mongo::Connection& mongo, const std::string& node_id, const Clock& clock);

/// One of them as a document of mongo_schedules: enabled → status, retry_delay → retry_delay_seconds; the rest stays.
mongo::Document legacy_document(std::string_view legacy);

}  // namespace schedules
