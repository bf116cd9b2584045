// The steps that wait to be exported. Bounded: what does not fit is dropped and counted, and nobody who puts ever waits
// for more than a short lock, once for each batch. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "engine/tracer.h"

namespace schedules::trace {

class StepQueue {
 public:
  explicit StepQueue(size_t limit) : limit_(limit) {}

  /// Whether there is room now; where there is none, as many are counted as dropped. Takes no lock.
  bool admit(size_t steps);
  void put(std::vector<TraceStep> steps);
  /// At most `most`. Waits until there are so many, `patience` has passed, or it is closed.
  std::vector<TraceStep> take(size_t most, std::chrono::milliseconds patience);
  /// Waits until it is closed, at most so long; whether it is.
  bool closed_within(std::chrono::milliseconds patience);
  /// Nothing more is taken in, and nobody waits any more; what is there can still be taken.
  void close();
  [[nodiscard]] bool ended();
  [[nodiscard]] uint64_t dropped() const { return dropped_; }

 private:
  size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<TraceStep> waiting_;
  size_t wanted_ = 1;            ///< whoever takes is woken at so many
  std::atomic<size_t> held_{0};  ///< waiting_.size(), as it was a moment ago
  std::atomic<uint64_t> dropped_{0};
  bool closed_ = false;
};

}  // namespace schedules::trace
