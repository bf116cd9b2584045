// What the last executions of a schedule say of it. A run is one event: it fails once its retries are used up, it was
// rejected, or its completion says so; an attempt that will be repeated says nothing yet. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/schedule.h"
#include "recurrence/recurrence.h"

namespace schedules {

struct RunHistory {
  uint64_t failures = 0;                   ///< consecutive failed runs up to now, as far as was looked
  std::optional<TimePoint> failing_since;  ///< end of the first of them
  std::string error;                       ///< of the last of them
  std::optional<TimePoint> last_success;
};

/// Whether the counters of the schedule say it all; then no execution has to be read.
std::optional<RunHistory> history_of_counters(const Schedule& schedule);
/// `executions`: of the schedule, newest first.
RunHistory history_of(const Schedule& schedule, const std::vector<Execution>& executions);
/// How many executions hold so many runs, with all of their attempts.
size_t executions_of(const Schedule& schedule, uint32_t runs);
/// Whether a run has ended well here. Where completions are awaited, a publish alone is no success.
bool is_success(const Schedule& schedule, const Execution& execution);

/// When a schedule that succeeded last at that time should have run again; nullopt: it need not. What was missed while
/// it was changed does not count.
std::optional<TimePoint> expected_after(const Schedule& schedule, const Recurrence& rule,
                                        std::optional<TimePoint> last_success);

}  // namespace schedules
