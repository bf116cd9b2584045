// The recorder: takes the records of what happened from the engine and writes them in batches, in the background. What
// waits is bounded; when it is full the engine begins nothing new until there is room, or, where holding it back is not
// wanted, what comes then is dropped, counted and said in the log. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
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
  /// From the beginning of a write to the next, unless a batch is full: rows cost less in company. 0: none.
  std::chrono::milliseconds gather{0};
};

struct RecorderCalls {
  std::function<void()> has_room_again = [] {};  ///< after a full queue has drained to half
  /// Runs the work after that while, on any thread; not once the recorder has ended. Needed to gather.
  std::function<void(std::chrono::milliseconds, std::function<void()>)> later;
};

class Recorder final : public ExecutionLog {
 public:
  Recorder(ExecutionStore& executions, ScheduleCounters& counters, RecorderOptions options, RecorderCalls calls = {});

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
  void rest();
  void written(const Result<void>& result, const std::vector<Execution>& batch);
  void count(const std::vector<Execution>& batch);

  ExecutionStore& executions_;
  ScheduleCounters& counters_;
  RecorderOptions options_;
  RecorderCalls calls_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<Execution> queue_;
  size_t under_way_ = 0;
  size_t failures_ = 0;
  bool was_full_ = false;
  bool resting_ = false;   ///< gathers
  bool flushing_ = false;  ///< gathers no more
  uint64_t dropped_ = 0;
};

}  // namespace schedules
