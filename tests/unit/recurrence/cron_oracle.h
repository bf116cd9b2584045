// A cron evaluator that shares nothing with the product: it looks at every minute of a stretch of
// real time through Hinnant's library and asks each field's text whether the minute matches. Slow
// and simple.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "recurrence/zoned_cron.h"

namespace schedules::oracle {

struct Minute {
  int64_t utc_s = 0;
  int64_t local_s = 0;
  bool seen_before = false;          ///< second pass of an overlap
  bool comes_again = false;          ///< first pass of an overlap
  std::vector<int64_t> jumped_over;  ///< the local minutes of a gap that ends at this instant
};

/// Every minute in (after_s, until_s], from 1970 to 2036 (Hinnant's library ends in 2037).
std::vector<Minute> minutes(const std::string& zone, int64_t after_s, int64_t until_s);

/// Of a 5-field expression without H and macros.
std::vector<int64_t> firings(const std::string& expression, const std::vector<Minute>& minutes, ClockPolicies policies);

}  // namespace schedules::oracle
