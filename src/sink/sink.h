// A sink: where a fired event goes. Takes a batch, reports on each, says whether a failure is worth a retry.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/envelope.h"
#include "model/event.h"

namespace schedules {

struct Delivery {
  Event event;
  TimePoint fired_at;                                   ///< publish start; never before event.due_at
  CorrelationMode correlation = CorrelationMode::uuid;  ///< of the message's body
};

enum class Verdict : uint8_t {
  delivered,
  retry,     ///< failed, may succeed later: uses up an attempt
  rejected,  ///< will never succeed: dead at once
  disowned,  ///< not published: its shard is another node's now, which puts it back. No attempt is used up
};

struct DeliveryReport {
  Verdict verdict = Verdict::delivered;
  std::string error;                                     ///< for retry and rejected
  std::string position;                                  ///< sequence, HTTP status, partition:offset
  std::optional<std::chrono::milliseconds> retry_after;  ///< asked for by the receiver
  bool counts_against_target = true;  ///< whether the breaker counts it: the receiver failed, not the message
};

using Reports = std::vector<DeliveryReport>;
/// Called exactly once, on a thread of the sink, with one report per delivery in their order.
using Published = std::move_only_function<void(Reports)>;

class Sink {
 public:
  virtual ~Sink() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// How many deliveries one publish may hold. One publish counts as one running execution.
  [[nodiscard]] virtual size_t batch_limit() const = 0;
  /// What fails together, e.g. a webhook's scheme://host:port: one breaker and one queue each.
  [[nodiscard]] virtual std::string lane_of(const Event& event) const = 0;
  /// Thread-safe; returns at once.
  virtual void publish(std::vector<Delivery> deliveries, Published done) = 0;
};

}  // namespace schedules
