// The recorder: takes the records of what happened from the engine and writes them in batches, in the background. What
// waits is bounded; when it is full the engine begins nothing new until there is room, or, where holding it back is not
// wanted, what comes then is dropped, counted and said in the log. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "engine/ports.h"
#include "store/execution_store.h"

namespace schedules {

struct RecorderOptions {
  bool plain_events = true;                      ///< ANALYTICS_ENABLED: also record events that belong to no schedule
  Duration far_beyond = std::chrono::hours(24);  ///< accepted for later than that, an event waited far
  size_t queue_limit = 200'000;                  ///< executions waiting to be written
  size_t batch = 5'000;
  bool hold_back = true;  ///< false: what fires is never delayed for its record
};

class Recorder final : public ExecutionLog {
 public:
  /// `has_room_again` is called after a full queue has drained to half.
  Recorder(ExecutionStore& executions, ScheduleCounters& counters, RecorderOptions options,
           std::function<void()> has_room_again = {});

  void record(std::vector<Execution> executions) override;
  bool has_room() override;
  /// Waits until everything taken so far is written, or `timeout` has passed; whether it is.
  bool flush(std::chrono::milliseconds timeout);
  /// Tries again what could not be written; to be called now and then.
  void tick() { write_next(); }
  [[nodiscard]] size_t waiting();
  [[nodiscard]] uint64_t dropped();

 private:
  void write_next();
  void written(size_t count, const Result<void>& result, std::vector<Execution> batch);
  void count(const std::vector<Execution>& batch);

  ExecutionStore& executions_;
  ScheduleCounters& counters_;
  RecorderOptions options_;
  std::function<void()> has_room_again_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<Execution> queue_;
  size_t under_way_ = 0;
  size_t failures_ = 0;
  bool was_full_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace schedules
