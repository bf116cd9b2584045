// One thread that drives many libcurl transfers by epoll: the cost of an event does not grow with the number of
// transfers that wait. Handles are CURL*, spelt void* to keep libcurl's header out of ours.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/executor.h"
#include "time/clock.h"

namespace schedules {

class CurlLoop {
 public:
  struct Options {
    std::string thread_name;
    long kept_connections = 256;  ///< idle ones kept open for reuse
    /// A transfer ended, with its CURLcode; the handle is out of the loop again. On the loop's thread.
    std::function<void(void* easy, int code)> finished;
    /// On the loop's thread, at least once a second.
    std::function<void()> tick;
  };

  /// The clock must outlive the loop.
  CurlLoop(Options options, const Clock& clock);
  /// Runs the tasks that were posted, drops transfers without a word, joins the thread.
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  /// Thread-safe; unbounded: callers bound what they have under way.
  void post(Task task);
  /// On the loop's thread only. A handle is added once until it is finished or removed.
  void add(void* easy);
  void remove(void* easy);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules
