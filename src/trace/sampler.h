// Which of the traces that begin here are recorded: a given share, decided by the trace's id, so that every step and
// every node decides alike. Thread-safe.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "model/trace_context.h"

namespace schedules::trace {

class Sampler {
 public:
  explicit Sampler(double ratio) { set(ratio); }
  /// 0: none, 1: all; what is beyond counts as the nearest of them.
  void set(double ratio) {
    below_.store(static_cast<uint64_t>(std::clamp(ratio, 0.0, 1.0) * static_cast<double>(kAll)),
                 std::memory_order_relaxed);
  }
  [[nodiscard]] bool takes(const TraceId& trace) const {
    // The last seven bytes: the W3C calls these random, and in an event's id they are.
    uint64_t draw = 0;
    for (size_t i = 9; i < trace.bytes.size(); ++i) draw = draw << 8U | trace.bytes[i];
    return draw < below_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr uint64_t kAll = 1ULL << 56U;
  std::atomic<uint64_t> below_{0};
};

}  // namespace schedules::trace
