// The handler sink: calls functions of the program that links the library. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/result.h"
#include "sink/sink.h"

namespace schedules {

/// Called once per delivery, on the sink's executor; may block, which holds up those behind it. Success is delivered;
/// an error is a retry where its code is retryable (with its retry_after), else final; an exception is a retry.
using Handler = std::function<Status(const Delivery&)>;

class HandlerSink final : public Sink {
 public:
  /// The executor must outlive the sink.
  explicit HandlerSink(Executor& executor);
  /// Calls that have not begun do not happen: they are reported as retries.
  ~HandlerSink() override;

  /// Handles a topic, or with "*" every topic that has no handler of its own. Replaces an earlier one.
  void set(std::string topic, Handler handler);
  /// Afterwards no new call begins; one may still be running.
  void remove(const std::string& topic);

  [[nodiscard]] std::string_view name() const override { return "handler"; }
  [[nodiscard]] size_t batch_limit() const override { return 1; }
  [[nodiscard]] std::string lane_of(const Event& event) const override;
  /// A retry with "no_handler" where nothing handles the topic: the program may be about to say who does.
  void publish(std::vector<Delivery> deliveries, Published done) override;

 private:
  struct Shared;
  Executor& executor_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace schedules
