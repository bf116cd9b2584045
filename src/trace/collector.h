// Where spans are sent: an OpenTelemetry collector, or what speaks as one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace schedules::trace {

struct Receipt {
  int status = 0;     ///< of HTTP; 0: there was no answer
  std::string error;  ///< why there was none
  std::optional<std::chrono::milliseconds> retry_after;
  uint64_t rejected = 0;  ///< spans that it did not take, though it took the others
};

/// Used by one thread, but for stop().
class Collector {
 public:
  virtual ~Collector() = default;
  /// Sends the body of one request and waits for its answer. Bounded in time.
  virtual Receipt post(const std::string& body) = 0;
  /// What is under way ends at once without an answer, and what is posted later too. Thread-safe.
  virtual void stop() = 0;
};

}  // namespace schedules::trace
