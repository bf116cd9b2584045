// Previews for programs: one JSON line in, one JSON line out, in order.
#pragma once

#include <string>
#include <string_view>

#include "recurrence/recurrence.h"

namespace schedules::cli {

inline constexpr size_t kDefaultOccurrences = 5;
inline constexpr size_t kMaxOccurrences = 10'000;

struct NextDefaults {
  TimePoint now;         ///< what occurrences come after where nothing is said
  std::string timezone;  ///< where none is said
  SecondsPosition seconds = SecondsPosition::first;
};

/// The rule of a cron expression; "@every" counts from `after`. Errors: as Recurrence::make.
Result<Recurrence> make_rule(std::string_view expression, std::string_view timezone, const NextDefaults& defaults,
                             TimePoint after);

/// The answer to one line, without its end.
std::string next_line(std::string_view line, const NextDefaults& defaults);
/// From stdin to stdout until the end; answers are written as soon as no further line waits. Gives the exit code.
int next_batch(const NextDefaults& defaults);

}  // namespace schedules::cli
