// RocksDB's settings, all in one place, with the reason for each. Internal to this room.
#pragma once

#include <array>

#include "store/rocksdb/layout.h"
#include "store/rocksdb/rocks_store.h"

namespace rocksdb {
struct ColumnFamilyOptions;
struct DBOptions;
class Env;
}  // namespace rocksdb

namespace schedules::rocks {

rocksdb::DBOptions database_options(const RocksOptions& options, rocksdb::Env* env);
/// Names and options of the families, in the order of enum Family. The clock ages remembered ids.
std::array<std::string_view, kFamilies> family_names();
std::array<rocksdb::ColumnFamilyOptions, kFamilies> family_options(const RocksOptions& options, const Clock& clock);

}  // namespace schedules::rocks
