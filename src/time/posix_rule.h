// The rule at the end of a zone file, "EST5EDT,M3.2.0,M11.1.0": how the clocks go on after the last
// change that the file lists. Pure values; every function is thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace schedules {

/// A yearly date and wall time at which the clocks change.
struct YearlyChange {
  enum class Kind { day_without_leap, day_with_leap, week_of_month };
  Kind kind = Kind::week_of_month;
  int month = 1;          ///< 1 to 12, for week_of_month
  int week = 1;           ///< 1 to 5; 5 is the last one of the month
  int day = 0;            ///< weekday 0 to 6 (Sunday 0), or the day of the year
  int64_t time_s = 7200;  ///< wall seconds after midnight; may be negative or beyond a day

  /// Wall seconds since 1970-01-01T00:00:00 at which it happens in that year.
  [[nodiscard]] int64_t wall_s(int year) const;
};

/// Offsets are seconds east of UTC.
struct PosixRule {
  int32_t standard_offset_s = 0;
  bool has_summer = false;
  int32_t summer_offset_s = 0;
  YearlyChange summer_begins;
  YearlyChange summer_ends;
};

/// nullopt when the text is not a rule of POSIX with the extensions of RFC 8536 (hours to 167).
std::optional<PosixRule> parse_posix_rule(std::string_view text);

}  // namespace schedules
