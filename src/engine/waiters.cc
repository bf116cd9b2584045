#include "engine/waiters.h"

namespace schedules {

void Waiters::add(EventId id, SteadyPoint deadline, Done<StoredEvent> done) {
  const std::scoped_lock lock(mutex_);
  waiters_.emplace(id, Waiter{deadline, std::move(done)});
  count_ = waiters_.size();
}

std::vector<Waiters::Waiter> Waiters::take(EventId id) {
  if (empty()) return {};
  std::vector<Waiter> found;
  const std::scoped_lock lock(mutex_);
  const auto [first, last] = waiters_.equal_range(id);
  for (auto it = first; it != last; ++it) found.push_back(std::move(it->second));
  waiters_.erase(first, last);
  count_ = waiters_.size();
  return found;
}

void Waiters::tell(const StoredEvent& stored) {
  for (auto& waiter : take(stored.event.id)) waiter.done(stored);
}

void Waiters::fail_all(EventId id, const Error& error) {
  for (auto& waiter : take(id)) waiter.done(fail(error));
}

SteadyPoint Waiters::expire(SteadyPoint now) {
  if (empty()) return SteadyPoint::max();
  std::vector<Waiter> expired;
  SteadyPoint next = SteadyPoint::max();
  {
    const std::scoped_lock lock(mutex_);
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      if (it->second.deadline <= now) {
        expired.push_back(std::move(it->second));
        it = waiters_.erase(it);
      } else {
        next = std::min(next, it->second.deadline);
        ++it;
      }
    }
    count_ = waiters_.size();
  }
  for (auto& waiter : expired) waiter.done(fail(Code::timeout, "the event has not ended yet"));
  return next;
}

}  // namespace schedules
