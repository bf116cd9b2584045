// Those who wait for the end of an event: execute, and cancel with wait. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/event.h"

namespace schedules {

class Waiters {
 public:
  /// Calls back with the ended event, or with timeout once `deadline` has passed (see expire).
  void add(EventId id, SteadyPoint deadline, Done<StoredEvent> done);
  /// An event has ended, or waits again (state pending) after a failure.
  void tell(const StoredEvent& stored);
  void fail_all(EventId id, const Error& error);
  /// Answers those whose deadline has passed; gives the next deadline.
  SteadyPoint expire(SteadyPoint now);
  [[nodiscard]] bool empty() const { return count_.load(std::memory_order_acquire) == 0; }

 private:
  struct Waiter {
    SteadyPoint deadline;
    Done<StoredEvent> done;
  };
  std::vector<Waiter> take(EventId id);

  std::mutex mutex_;
  std::unordered_multimap<EventId, Waiter, EventIdHash> waiters_;
  std::atomic<size_t> count_ = 0;
};

}  // namespace schedules
