#include "tests/conformance/sqlite_support.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/check.h"

namespace schedules::testing {

TemporaryFolder::TemporaryFolder() {
  auto pattern = (std::filesystem::temp_directory_path() / "schedules-sqlite-XXXXXX").string();
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

std::unique_ptr<SqliteScheduleStore> open_schedules(const std::string& path, uint64_t max_bytes) {
  return std::move(SqliteScheduleStore::open({.path = path, .max_bytes = max_bytes}).value());
}

std::unique_ptr<SqliteExecutionStore> open_executions(const std::string& path, uint64_t max_bytes) {
  return std::move(SqliteExecutionStore::open({.path = path, .max_bytes = max_bytes}).value());
}

std::string read_file(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace schedules::testing
