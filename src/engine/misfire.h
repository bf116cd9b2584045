// Misfire: what becomes of an occurrence that is begun later than its schedule's late_after, though it was planned
// ahead (semantics S3). The planner decides about those it never planned; where both have a part of one outage, this
// makes one decision of it. Engine thread only.
#pragma once

#include <map>
#include <string>

#include "model/schedule.h"
#include "recurrence/recurrence.h"

namespace schedules {

class Misfires {
 public:
  struct Decision {
    enum class Kind : uint8_t { fire, wait, skip, fail };
    Kind kind = Kind::fire;
    std::string reason;         ///< of skip and fail
    uint32_t missed_count = 0;  ///< fire: occurrences it stands for, beside itself
    TimePoint at;               ///< wait: until then
  };

  /// Whether the event needs a decision: else nobody has to read its schedule. Cheap.
  static bool may_concern(const Event& event, TimePoint now);
  /// `place`: how many of this schedule were let fire just before, for the rate. Events of one schedule come in order.
  Decision judge(const Event& event, const Schedule& schedule, const Recurrence& rule, TimePoint now, size_t place);

 private:
  /// The missed occurrences of one schedule that followed each other.
  struct Chain {
    TimePoint newest;      ///< nominal of the last one decided about
    uint32_t skipped = 0;  ///< stand behind the one that will fire
  };
  Decision judge_last(const Event& event, const Schedule& schedule, const Recurrence& rule, TimePoint cutoff);
  Decision judge_first(const Event& event, const Recurrence& rule);

  std::map<std::string, Chain> chains_;
};

}  // namespace schedules
