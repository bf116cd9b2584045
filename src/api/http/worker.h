// One thread of the server: its event loop, its connections, their deadlines.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "api/http/connection.h"

namespace schedules::http {

class Worker {
 public:
  Worker(std::shared_ptr<Shared> shared, size_t number);
  ~Worker();

  void start();
  /// Accepts on a listening socket and hands every new descriptor to `accepted`, on this thread.
  void listen(int descriptor, std::function<void(int)> accepted);
  void stop_listening();
  /// Thread-safe: takes over an accepted socket. `refused`: only to say that there are too many.
  void adopt(int descriptor, bool refused);
  void run_after(std::chrono::milliseconds delay, Task task);
  void drain();
  void abort();
  /// Stops the loop and waits for the thread.
  void join();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::http
