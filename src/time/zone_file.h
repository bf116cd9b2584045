// A compiled zone file (TZif, RFC 8536) as a list of clock changes, carried on to the year 2200 by
// the rule at its end. Hinnant's tz library stops at the file's last listed change (2037), so it
// serves as an oracle in tests and not as the source.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules {

/// From `at_s` (UTC seconds) on, the wall clock shows UTC + offset_s.
struct ClockChange {
  int64_t at_s = 0;
  int32_t offset_s = 0;
};

struct ZoneRules {
  int32_t first_offset_s = 0;        ///< before the first change
  std::vector<ClockChange> changes;  ///< ascending; each differs in offset from the one before
};

/// Reads the bytes of a zone file. Errors: corrupt (not TZif of version 2 or later, cut short, or
/// with leap seconds).
Result<ZoneRules> read_zone_file(std::string_view bytes);

}  // namespace schedules
