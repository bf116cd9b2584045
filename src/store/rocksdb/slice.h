// A text as RocksDB takes it. For this room's sources alone.
#pragma once

#include <rocksdb/slice.h>

#include <string_view>

namespace schedules::rocks {

inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace schedules::rocks
