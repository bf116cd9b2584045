// A schedule's rule as the engine uses it: the recurrence behind its cron expression, interval or single time.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "model/schedule.h"
#include "recurrence/recurrence.h"

namespace schedules {

/// Reads the rule. Errors name the schedule's field: cron_expression, timezone, execution_time, …
Result<Recurrence> recurrence_of(const Schedule& schedule, bool cron_seconds_last);

/// Remembers the rules of the schedules planned last, by id and revision. One thread.
class RuleCache {
 public:
  explicit RuleCache(bool cron_seconds_last) : cron_seconds_last_(cron_seconds_last) {}
  Result<std::shared_ptr<const Recurrence>> rule_of(const Schedule& schedule);

 private:
  struct Entry {
    uint64_t revision = 0;
    std::shared_ptr<const Recurrence> rule;
  };
  bool cron_seconds_last_;
  std::map<std::string, Entry> entries_;
};

}  // namespace schedules
