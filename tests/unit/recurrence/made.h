// Short ways to write times and rules.
#pragma once

#include <gtest/gtest.h>

#include "recurrence/recurrence.h"
#include "time/text.h"

namespace schedules {

inline TimePoint at(std::string_view text) { return parse_time(text).value(); }

inline Recurrence rule(RecurrenceSpec spec) {
  auto made = Recurrence::make(std::move(spec));
  EXPECT_TRUE(made) << made.error().detail;
  return std::move(*made);
}

}  // namespace schedules
