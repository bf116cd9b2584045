// Alerts of schedules, in a running node: the leading one looks at schedules now and then and tells what has changed,
// on a thread of its own. Nothing that fires waits for it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "alerting/teller.h"
#include "alerting/watch.h"
#include "app/sinks.h"
#include "base/executor.h"
#include "cluster/coordinator.h"
#include "telemetry/metrics.h"

namespace schedules {

class Alerting {
 public:
  struct Parts {
    AlertStore& alerts;
    ExecutionStore& executions;
    Schedules& schedules;
    const Clock& clock;
    Coordinator& coordinator;
    Sinks& sinks;
    Metrics& metrics;
  };

  /// All must outlive it.
  Alerting(Parts parts, const Settings& settings);
  /// Waits for what is under way; the stores and the sinks must still answer.
  ~Alerting();
  Alerting(const Alerting&) = delete;

  /// Looks and tells where it is time to. To be called each second.
  void tick();
  void configure(const Settings& settings);
  /// No new round begins, and the one under way ends soon.
  void stop();

 private:
  void round();
  void look(const AlertRule& rule);
  void tell();

  Parts parts_;
  std::unique_ptr<AlertSender> sender_;
  Watch watch_;
  Teller teller_;
  std::mutex mutex_;
  AlertRule rule_;                     ///< guarded by mutex_
  std::atomic<int64_t> interval_{10};  ///< seconds
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  SteadyPoint look_at_{};  ///< of the round, as the next two
  std::optional<TimePoint> tell_at_;
  bool failing_ = false;
  std::unique_ptr<Executor> work_;
};

}  // namespace schedules
