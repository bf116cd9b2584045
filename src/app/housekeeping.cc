#include "app/housekeeping.h"

namespace schedules {

void Housekeeping::every(std::chrono::milliseconds period, std::function<void()> work) {
  chores_.push_back(Chore{period, std::move(work), std::chrono::steady_clock::now()});
}

void Housekeeping::start() {
  thread_ = std::thread([this] { run(); });
}

void Housekeeping::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Housekeeping::run() {
  name_this_thread("housekeeping");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto next = std::chrono::steady_clock::time_point::max();
    lock.unlock();
    for (auto& chore : chores_) {
      const auto now = std::chrono::steady_clock::now();
      if (chore.next <= now) {
        chore.work();
        chore.next = now + chore.period;
      }
      next = std::min(next, chore.next);
    }
    lock.lock();
    wake_.wait_until(lock, next, [this] { return stopping_; });
  }
}

}  // namespace schedules
