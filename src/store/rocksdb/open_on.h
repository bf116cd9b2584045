// Opening on files of another kind than the machine's: how tests inject faults. Not for other rooms.
#pragma once

#include "store/rocksdb/rocks_store.h"

namespace rocksdb {
class Env;
}

namespace schedules::rocks {

/// As RocksStore::open; `env` must outlive the store. Null: the machine's own files.
Result<std::unique_ptr<RocksStore>> open_on(const RocksOptions& options, const Clock& clock, rocksdb::Env* env);

}  // namespace schedules::rocks
