// Counts of executions on their way into `mongo_schedules`. While the server is away they add up here and are written once
// it is back; a batch whose answer was lost counts once, as each schedule remembers the last batches (field `counted`).
// Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "mongo/connection.h"
#include "store/schedule_store.h"

namespace schedules {

/// What a batch adds to one schedule.
struct ExecutionTally {
  uint64_t runs = 0;
  uint64_t failures = 0;
  std::optional<TimePoint> newest_run;  ///< success or failure
  std::optional<ExecutionNote> newest;  ///< of any status
  std::optional<ExecutionNote> newest_failure;
};

class Counting {
 public:
  explicit Counting(Random& random) : random_(random) {}

  void add(const std::vector<ExecutionNote>& notes, Done<void> done);
  /// Writes what waits, in batches; answers those that waited for it. What could not be written for now stays.
  Status write(mongo::Connection& mongo);
  /// Those that wait are answered with the error; what they counted is lost, which is logged.
  void give_up(const Error& error);

 private:
  struct Batch {
    int64_t id = 0;
    std::map<std::string, ExecutionTally> tallies;
    std::vector<Done<void>> waiting;
  };

  Random& random_;
  std::mutex mutex_;
  Batch next_;                  ///< guarded by mutex_
  std::mutex writing_mutex_;    ///< one write at a time
  std::optional<Batch> stuck_;  ///< guarded by writing_mutex_: its outcome is not known
};

}  // namespace schedules
