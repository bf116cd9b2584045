// Messages to a thread that owns its state: post from anywhere, drain in one go by the owner. Thread-safe.
// Shared by those who answer late: a message to an owner that is gone is dropped.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "base/executor.h"

namespace schedules {

class Mailbox {
 public:
  /// `wake` is called (on the posting thread) when the box stops being empty.
  void on_first(std::function<void()> wake) {
    const std::scoped_lock lock(mutex_);
    wake_ = std::move(wake);
  }
  void post(Task message) {
    std::function<void()> wake;
    {
      const std::scoped_lock lock(mutex_);
      if (closed_) return;
      if (messages_.empty()) wake = wake_;
      messages_.push_back(std::move(message));
    }
    if (wake) wake();
  }
  /// Everything posted so far, in order.
  std::vector<Task> drain() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(messages_, {});
  }
  [[nodiscard]] bool empty() const {
    const std::scoped_lock lock(mutex_);
    return messages_.empty();
  }
  /// What is posted from now on is dropped.
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    messages_.clear();
    wake_ = nullptr;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Task> messages_;
  std::function<void()> wake_;
  bool closed_ = false;
};

}  // namespace schedules
