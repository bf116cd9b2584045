// Times and durations as text: RFC 3339 in and out, "90s" and "1h30m" in.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "time/clock.h"

namespace schedules {

/// "2026-01-05T08:00:00.012345Z": UTC, always six fraction digits.
std::string format_time(TimePoint time);
void append_time(std::string& out, TimePoint time);
/// RFC 3339 with 'T' or a space, fraction of any length (cut after micros), 'Z' or an offset. Without a
/// zone it means UTC. Years 1970 to 2200. Errors: invalid_time.
Result<TimePoint> parse_time(std::string_view text);
/// "90s", "1h30m", "250ms", "2d", "1w", also a bare number of seconds with fraction. Not negative; at most 100
/// years. Errors: invalid_argument.
Result<Duration> parse_duration(std::string_view text);

}  // namespace schedules
