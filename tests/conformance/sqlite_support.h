// Places and ways to open the SQLite stores for tests.
#pragma once

#include <filesystem>
#include <string>

#include "store/sqlite/execution_store.h"
#include "store/sqlite/schedule_store.h"

namespace schedules::testing {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<SqliteScheduleStore> open_schedules(const std::string& path, uint64_t max_bytes = 0);
std::unique_ptr<SqliteExecutionStore> open_executions(const std::string& path, uint64_t max_bytes = 0);
std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& bytes);

}  // namespace schedules::testing
