// Messages of the stream's tail as bytes, and reading them. Internal to this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sink/tail_store.h"
#include "store/rocksdb/database.h"

namespace schedules::rocks {

std::string pack_tail(const TailMessage& message);
/// nullopt: damaged.
std::optional<TailMessage> unpack_tail(uint64_t sequence, std::string_view value);
/// At most `limit` messages with sequence ≥ from. Errors: corrupt, io_error.
Result<std::vector<TailMessage>> read_tail_from(const Database::Reading& reading, uint64_t from, size_t limit);

}  // namespace schedules::rocks
