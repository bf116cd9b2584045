// At most so many calls under way, for the benches that drive a store. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace schedules {

class Gate {
 public:
  explicit Gate(size_t room) : room_(room) {}
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_ < room_; });
    ++inside_;
  }
  void leave() {
    const std::scoped_lock lock(mutex_);
    --inside_;
    changed_.notify_all();
  }
  void wait_empty() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_ == 0; });
  }

 private:
  const size_t room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t inside_ = 0;
};

}  // namespace schedules
