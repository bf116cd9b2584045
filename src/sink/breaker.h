// A circuit breaker per target (semantics S11): opens when half of at least 20 results within 10 s failed, then
// lets one probe through after 5 s, after 10 s, … up to 60 s apart. Owned by the engine thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "time/clock.h"

namespace schedules {

class Breaker {
 public:
  enum class Gate : uint8_t { closed, open, probing };

  /// Whether a publish may start now. In the open gate, the first call after the wait becomes the probe.
  bool allow(SteadyPoint now);
  /// The result of a publish that was allowed.
  void record(SteadyPoint now, bool succeeded);
  /// The allowed publish never reached the target; the probe, if it was one, is free again.
  void withdraw();
  /// Another node found the target down: nothing starts here before `at`; `rest` is how long it waits between its probes.
  /// A probe of ours that is under way decides by itself.
  void rest_until(SteadyPoint at, Duration rest);
  /// Another node found it up again.
  void close() { *this = Breaker{}; }
  [[nodiscard]] Gate gate() const { return gate_; }
  /// Between probes, at present.
  [[nodiscard]] Duration rest() const { return wait_; }
  /// When the next probe may start; absent while closed.
  [[nodiscard]] std::optional<SteadyPoint> next_probe() const;

 private:
  struct Second {
    int64_t at = -1;
    uint32_t succeeded = 0;
    uint32_t failed = 0;
  };
  void trip(SteadyPoint now);

  Gate gate_ = Gate::closed;
  std::array<Second, 10> seconds_{};
  Duration wait_ = std::chrono::seconds(5);
  SteadyPoint probe_at_{};
};

}  // namespace schedules
