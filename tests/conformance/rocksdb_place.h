// A RocksStore in a folder of its own, for the suites and for RocksDB's own tests.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "store/rocksdb/rocks_store.h"
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

/// A folder that is gone with the object.
class TemporaryDir {
 public:
  TemporaryDir();
  explicit TemporaryDir(const std::string& parent);
  TemporaryDir(const TemporaryDir&) = delete;
  ~TemporaryDir();
  [[nodiscard]] std::string path(const std::string& name = "events") const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

EventBackend rocksdb_backend();
EventStores stores_of(std::shared_ptr<RocksStore> store);

}  // namespace schedules::testing
