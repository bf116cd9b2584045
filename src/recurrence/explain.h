// A recurrence in words: what surprises in its rules, and which rule moved an occurrence. Pure
// functions; thread-safe. Sentences are English and may change; programs read Occurrence instead.
#pragma once

#include <string>
#include <vector>

#include "recurrence/recurrence.h"

namespace schedules {

/// Why an occurrence is when it is: clock changes, jitter. Empty when it is simply what the rule
/// says.
std::string explain(const Recurrence& recurrence, const Occurrence& occurrence);

/// What a reader of the rules may not expect: how the day fields combine, what H chose, steps that
/// do not fit, rules that clock changes do not touch.
std::vector<std::string> notes(const Recurrence& recurrence);

struct Preview {
  Occurrence occurrence;
  std::string why;  ///< explain(), and firings that were lost in a gap since the one before
};
/// The next `n` occurrences with their explanations.
std::vector<Preview> preview(const Recurrence& recurrence, TimePoint after, size_t n);

}  // namespace schedules
