// The layout a directory has, kept in its file LAYOUT so that it is known before anything is opened, and the steps from
// one layout to the next. Internal to this room.
#pragma once

#include <string>

#include "base/result.h"
#include "store/rocksdb/database.h"

namespace schedules::rocks {

struct Marker {
  uint32_t layout = 0;
  uint32_t shards = 0;
};

/// nullopt: nothing is stored here yet. Errors: newer_layout, corrupt (also a RocksDB that is not ours), io_error.
Result<std::optional<Marker>> read_marker(rocksdb::Env& env, const std::string& dir);
/// As read_marker, but a newer layout is an answer, not an error.
Result<std::optional<Marker>> look_at_marker(rocksdb::Env& env, const std::string& dir);
/// Durable when it returns.
Status write_marker(rocksdb::Env& env, const std::string& dir, const Marker& marker);
/// Takes the open database from `marker.layout` to kLayout, step by step; each step may be repeated after a crash.
Status migrate(rocksdb::DB& db, const Database::Handles& handles, rocksdb::Env& env, const std::string& dir,
               Marker marker);

}  // namespace schedules::rocks
