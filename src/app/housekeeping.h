// What has to be done now and then, on a thread of its own: probe the stores, refresh gauges, trim the stream's tail, let
// old executions go.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "time/clock.h"

namespace schedules {

class Housekeeping {
 public:
  Housekeeping() = default;
  ~Housekeeping() { stop(); }
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  /// Before start. The work must not block for long; it first runs at once.
  void every(std::chrono::milliseconds period, std::function<void()> work);
  /// Once, after `wait`; forgotten where it stops before. The work must not block for long. Thread-safe.
  void after(std::chrono::milliseconds wait, std::function<void()> work);
  void start();
  /// Waits for what is running. Idempotent.
  void stop();

 private:
  struct Chore {
    std::chrono::milliseconds period;
    std::function<void()> work;
    std::chrono::steady_clock::time_point next;
  };
  struct Once {
    std::function<void()> work;
    std::chrono::steady_clock::time_point due;
  };
  void run();
  std::vector<Once> take_due(std::chrono::steady_clock::time_point now);

  std::vector<Chore> chores_;
  std::mutex mutex_;
  std::vector<Once> once_;  ///< guarded by mutex_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace schedules
