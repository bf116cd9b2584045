#include "trace/step_queue.h"

#include <algorithm>

namespace schedules::trace {

bool StepQueue::admit(size_t steps) {
  if (held_.load(std::memory_order_relaxed) < limit_) return true;
  dropped_ += steps;
  return false;
}

void StepQueue::put(std::vector<TraceStep> steps) {
  bool enough = false;
  {
    const std::scoped_lock lock(mutex_);
    const size_t room = closed_ ? 0 : limit_ - std::min(limit_, waiting_.size());
    const size_t taken = std::min(room, steps.size());
    for (size_t i = 0; i < taken; ++i) waiting_.push_back(std::move(steps[i]));
    dropped_ += steps.size() - taken;
    held_ = waiting_.size();
    enough = waiting_.size() >= wanted_;
  }
  if (enough) changed_.notify_one();
}

std::vector<TraceStep> StepQueue::take(size_t most, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  wanted_ = most;
  changed_.wait_for(lock, patience, [&] { return closed_ || waiting_.size() >= most; });
  wanted_ = SIZE_MAX;
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting_.size()));
  std::vector<TraceStep> taken(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  held_ = waiting_.size();
  return taken;
}

bool StepQueue::closed_within(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return closed_; });
}

void StepQueue::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

bool StepQueue::ended() {
  const std::scoped_lock lock(mutex_);
  return closed_ && waiting_.empty();
}

}  // namespace schedules::trace
