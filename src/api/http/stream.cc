#include "api/http/stream.h"

namespace schedules::http {

bool StreamQueue::write(std::string_view text) {
  bool wake = false;
  bool kept = false;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return false;
    kept = waiting_.size() + text.size() <= limit_;
    if (kept) {
      waiting_ += text;
    } else {
      closed_ = overrun_ = true;
    }
    wake = !std::exchange(awake_, true);
  }
  if (wake) wake_();
  return kept;
}

void StreamQueue::when_sent(Task task) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    if (awake_) {
      sent_ = std::move(task);
      return;
    }
  }
  task();
}

void StreamQueue::close() {
  bool wake = false;
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(closed_, true)) return;
    wake = !std::exchange(awake_, true);
  }
  if (wake) wake_();
}

StreamQueue::Taken StreamQueue::take() {
  Task sent;
  Taken taken;
  {
    const std::scoped_lock lock(mutex_);
    taken = Taken{std::exchange(waiting_, {}), closed_, overrun_};
    if (taken.text.empty() && !taken.ended) {
      awake_ = false;
      sent = std::exchange(sent_, nullptr);
    }
  }
  if (sent) sent();
  return taken;
}

void StreamQueue::abandon() {
  Task dropped;
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  waiting_.clear();
  dropped = std::exchange(sent_, nullptr);
}

}  // namespace schedules::http
