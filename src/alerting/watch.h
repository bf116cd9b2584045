// Watch: looks at every schedule that is to be watched, and opens and closes its alerts in the store, where they wait
// to be told (teller.h). Only the node that leads looks; should two do it, the store lets one of them go on.
//
//   failure   after_failures runs in a row have failed              ──▶ a run succeeds
//   silence   now > due + grace, and no run has succeeded since due ──▶ a run succeeds, or the schedule is changed
//
// A schedule that fails is not called silent as well. Paused ones are not watched. Blocks: one thread at a time.
#pragma once

#include <atomic>
#include <map>
#include <vector>

#include "alerting/history.h"
#include "alerting/rule.h"
#include "engine/schedules.h"
#include "store/alert_store.h"
#include "store/execution_store.h"
#include "time/clock.h"

namespace schedules {

class Watch {
 public:
  struct Ports {
    AlertStore& alerts;
    ExecutionStore& executions;
    Schedules& schedules;
    const Clock& clock;
  };
  struct Open {
    uint64_t failure = 0;
    uint64_t silence = 0;
  };

  Watch(Ports ports, bool cron_seconds_last) : ports_(ports), cron_seconds_last_(cron_seconds_last) {}

  /// Looks at all; answers what is open afterwards. What was missed before the first look gets its grace from then on:
  /// after a stop, catching up comes first. Errors: those of the stores; what was saved before stays.
  Result<Open> look(const AlertRule& settings);
  /// Another node leads: what this one knows grows old.
  void forget();
  /// A look that goes on ends soon. Thread-safe.
  void stop() { stopping_ = true; }

 private:
  using Key = std::pair<std::string, AlertKind>;
  /// What was found out about a schedule, for as long as its counters stay the same.
  struct Known {
    uint64_t executions = 0;
    uint64_t errors = 0;
    TimePoint asked_at;
    RunHistory history;
    uint64_t revision = 0;
    std::optional<TimePoint> last_success;
    std::optional<TimePoint> expected;
    uint64_t look = 0;
  };

  Status load();
  Status look_at_page(const std::vector<Schedule>& page, const AlertRule& settings);
  Result<RunHistory> history(const Schedule& schedule, uint32_t runs);
  Status find_success(const Schedule& schedule, RunHistory& history);
  std::optional<TimePoint> expected(const Schedule& schedule, const RunHistory& history);
  Status judge(const Schedule& schedule, const AlertRule& rule);
  void judge_failure(const Schedule& schedule, const AlertRule& rule, const RunHistory& history);
  void judge_silence(const Schedule& schedule, const AlertRule& rule, const RunHistory& history);
  Status end_unwatched(const AlertRule& settings);
  Alert* open_alert(const std::string& schedule_id, AlertKind kind);
  Alert& begin(const Schedule& schedule, AlertKind kind, const AlertRule& rule);
  void end(Alert& alert, const AlertRule& rule, std::string reason);
  void remind(Alert& alert, const AlertRule& rule);
  Status save();

  Ports ports_;
  const bool cron_seconds_last_;
  std::atomic<bool> stopping_{false};
  std::optional<TimePoint> watching_since_;
  uint64_t looks_ = 0;
  TimePoint now_;  ///< of this look, as the next two
  std::map<Key, Alert> alerts_;
  std::map<Key, bool> changed_;
  std::map<std::string, Known> known_;
};

}  // namespace schedules
