// Copies of the executions of schedules in `mongo_schedule_executions`, for readers of the original; they go by the TTL
// index (EXECUTION_HISTORY_TTL_DAYS). A courtesy: the executions themselves are kept elsewhere, so nothing waits for a
// copy, and what is more than the queue holds while the server is away is left out, counted and logged. Thread-safe.
#pragma once

#include <vector>

#include "model/schedule.h"
#include "store/mongo/schedule_store.h"

namespace schedules {

class MongoExecutionCopies {
 public:
  static constexpr size_t kMostWaiting = 20'000;

  /// `store`: whose client and layout are used; must outlive it.
  explicit MongoExecutionCopies(MongoScheduleStore& store);
  /// What waits is not written any more.
  ~MongoExecutionCopies();
  MongoExecutionCopies(const MongoExecutionCopies&) = delete;

  /// Those of plain events are left out. Never blocks.
  void copy(const std::vector<Execution>& executions);
  /// Writes what waits. For when the server is back and nothing is fired; copy() does the same.
  void write();
  [[nodiscard]] uint64_t left_out() const;

 private:
  struct Waiting;
  MongoScheduleStore& store_;
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace schedules
