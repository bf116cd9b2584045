#include "alerting/history.h"

#include <algorithm>
#include <set>

namespace schedules {
namespace {

constexpr size_t kMostExecutions = 1'000;

bool is_failure(const Execution& execution) {
  return execution.status == RunStatus::failure && execution.state != State::pending;
}

}  // namespace

bool is_success(const Schedule& schedule, const Execution& execution) {
  if (execution.status != RunStatus::success) return false;
  return schedule.ack == Ack::none || execution.reason == "completed";
}

std::optional<RunHistory> history_of_counters(const Schedule& schedule) {
  if (!schedule.last_execution) return RunHistory{};
  if (schedule.ack == Ack::required) return std::nullopt;
  const bool well = schedule.error_count == 0 || schedule.last_status == RunStatus::success;
  if (!well) return std::nullopt;
  return RunHistory{.failures = 0, .failing_since = {}, .error = {}, .last_success = schedule.last_execution};
}

RunHistory history_of(const Schedule& schedule, const std::vector<Execution>& executions) {
  RunHistory history;
  std::set<EventId> ended;
  for (const auto& execution : executions) {
    const bool success = is_success(schedule, execution);
    if (!success && !is_failure(execution)) continue;
    if (!ended.insert(execution.event_id).second) continue;
    if (success) {
      history.last_success = execution.executed_at;
      break;
    }
    if (history.failures++ == 0) history.error = execution.error.empty() ? execution.reason : execution.error;
    history.failing_since = execution.executed_at;
  }
  return history;
}

size_t executions_of(const Schedule& schedule, uint32_t runs) {
  return std::min<size_t>((size_t{runs} + 1) * (size_t{schedule.max_retries} + 2), kMostExecutions);
}

std::optional<TimePoint> expected_after(const Schedule& schedule, const Recurrence& rule,
                                        std::optional<TimePoint> last_success) {
  const TimePoint from =
      std::max({last_success.value_or(schedule.created_at), schedule.created_at, schedule.updated_at});
  const auto next = rule.next(from);
  return next ? std::optional(next->due) : std::nullopt;
}

}  // namespace schedules
