// The spool in one SQLite file, spool.db. Thread-safe. What put() answered survives a crash of the program; the last second
// may go with the machine.
#pragma once

#include <memory>
#include <string>

#include "base/executor.h"
#include "store/execution_spool.h"

namespace schedules {

namespace sqlite {
class Lane;
}

struct SqliteSpoolOptions {
  std::string path;
  Executor* executor = nullptr;      ///< absent: a thread of its own. Must outlive the spool.
  uint64_t max_bytes = 1ULL << 30U;  ///< of waiting batches; more is refused: overloaded
};

class SqliteExecutionSpool final : public ExecutionSpool {
 public:
  /// Makes the file or brings it to the newest layout. Blocks. Errors: as SqliteExecutionStore::open.
  static Result<std::unique_ptr<SqliteExecutionSpool>> open(SqliteSpoolOptions options);
  /// Answers what is under way first.
  ~SqliteExecutionSpool() override;

  void put(const ExecutionBatch& executions, Done<void> done) override;
  void oldest(size_t limit, Done<SpoolRead> done) override;
  void drop(std::vector<int64_t> batches, Done<void> done) override;
  void size(Done<SpoolSize> done) override;

 private:
  SqliteExecutionSpool(std::unique_ptr<sqlite::Lane> lane, uint64_t max_bytes);

  const uint64_t max_bytes_;
  std::unique_ptr<sqlite::Lane> lane_;
};

}  // namespace schedules
