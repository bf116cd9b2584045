#include "app/housekeeping.h"

#include <algorithm>

namespace schedules {

void Housekeeping::every(std::chrono::milliseconds period, std::function<void()> work) {
  chores_.push_back(Chore{period, std::move(work), std::chrono::steady_clock::now()});
}

void Housekeeping::after(std::chrono::milliseconds wait, std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    once_.push_back(Once{std::move(work), std::chrono::steady_clock::now() + wait});
  }
  wake_.notify_all();
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
    auto once = take_due(std::chrono::steady_clock::now());
    lock.unlock();
    for (auto& one : once) one.work();
    auto next = std::chrono::steady_clock::time_point::max();
    for (auto& chore : chores_) {
      const auto now = std::chrono::steady_clock::now();
      if (chore.next <= now) {
        chore.work();
        chore.next = now + chore.period;
      }
      next = std::min(next, chore.next);
    }
    lock.lock();
    for (const auto& one : once_) next = std::min(next, one.due);
    if (!stopping_) wake_.wait_until(lock, next);
  }
}

// Under the lock.
std::vector<Housekeeping::Once> Housekeeping::take_due(std::chrono::steady_clock::time_point now) {
  const auto due = std::ranges::partition(once_, [now](const Once& one) { return one.due > now; });
  std::vector<Once> taken(std::make_move_iterator(due.begin()), std::make_move_iterator(due.end()));
  once_.erase(due.begin(), due.end());
  return taken;
}

}  // namespace schedules
