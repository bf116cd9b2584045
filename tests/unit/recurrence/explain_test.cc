#include "recurrence/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/recurrence/made.h"

namespace schedules {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::string why(const RecurrenceSpec& spec, std::string_view after) {
  return preview(rule(spec), at(after), 1).at(0).why;
}

TEST(Explain, AGapIsNamedWithItsClockChange) {
  EXPECT_EQ(why({.cron = {"30 1 * * *"}, .timezone = "Europe/London"}, "2026-03-28T12:00:00Z"),
            "01:30 does not exist on 2026-03-29 in Europe/London (clocks go forward from 01:00 to "
            "02:00); moved to "
            "02:00, the first instant after the gap");
}

TEST(Explain, ASkippedDayNamesItsDates) {
  EXPECT_EQ(why({.cron = {"0 9 * * *"}, .timezone = "Pacific/Apia"}, "2011-12-29T20:00:00Z"),
            "09:00 does not exist on 2011-12-30 in Pacific/Apia (clocks go forward from 2011-12-30 "
            "00:00 to 2011-12-31 "
            "00:00); moved to 2011-12-31T00:00:00, the first instant after the gap");
}

TEST(Explain, ASkippedFiringIsTold) {
  const RecurrenceSpec skip{.cron = {"30 1 * * *"}, .timezone = "Europe/London", .clock = {.gap = GapPolicy::skip}};
  EXPECT_THAT(why(skip, "2026-03-28T12:00:00Z"), HasSubstr("01:30 does not exist on 2026-03-29"));
  EXPECT_THAT(why(skip, "2026-03-28T12:00:00Z"), HasSubstr("was skipped"));
  EXPECT_EQ(why(skip, "2026-03-30T12:00:00Z"), "");
}

TEST(Explain, AnOverlapNamesThePass) {
  RecurrenceSpec spec{.cron = {"30 1 * * *"}, .timezone = "Europe/London"};
  EXPECT_EQ(why(spec, "2026-10-24T12:00:00Z"),
            "01:30 comes twice on 2026-10-25 in Europe/London (clocks go back from 02:00 to "
            "01:00); fires in the first "
            "pass only");
  spec.clock.overlap = OverlapPolicy::second;
  EXPECT_THAT(why(spec, "2026-10-24T12:00:00Z"), HasSubstr("fires in the second pass only"));
  spec.clock.overlap = OverlapPolicy::both;
  EXPECT_THAT(why(spec, "2026-10-25T00:45:00Z"), HasSubstr("the policy is both; this is the second pass"));
  spec.cron = {"*/30 * * * *"};
  EXPECT_THAT(why(spec, "2026-10-25T00:05:00Z"), HasSubstr("runs on elapsed time"));
}

TEST(Explain, AnOrdinaryOccurrenceNeedsNoWords) {
  EXPECT_EQ(why({.cron = {"30 1 * * *"}, .timezone = "Europe/London"}, "2026-06-24T12:00:00Z"), "");
  EXPECT_EQ(why({.every = std::chrono::seconds(90)}, "2026-06-24T12:00:00Z"), "");
}

TEST(Explain, JitterIsTold) {
  EXPECT_THAT(
      why({.cron = {"0 9 * * *"}, .jitter = std::chrono::minutes(10), .schedule_id = "x"}, "2026-06-24T12:00:00Z"),
      HasSubstr("within a jitter of 600 s"));
}

TEST(Notes, ComeFromExpressionsAndZone) {
  EXPECT_THAT(notes(rule({.cron = {"0 9 * * *"}, .timezone = "Europe/London"})), IsEmpty());
  EXPECT_THAT(notes(rule({.cron = {"*/5 * * * *"}})), IsEmpty());
  EXPECT_THAT(notes(rule({.cron = {"*/5 * * * *"}, .timezone = "Europe/London"})), Contains(HasSubstr("elapsed time")));
  EXPECT_THAT(notes(rule({.cron = {"0 0 13 * 5"}})), Contains(HasSubstr("either one fires")));
  EXPECT_THAT(notes(rule({.cron = {"H H(2-4) * * *"}, .schedule_id = "x"})),
              Contains(HasSubstr("\"H(2-4)\" in the hour field stands for")));
}

TEST(Preview, ListsInOrder) {
  const auto seen = preview(rule({.cron = {"0 9 * * *"}}), at("2026-01-01T00:00:00Z"), 3);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_LT(seen[0].occurrence.nominal, seen[1].occurrence.nominal);
}

}  // namespace
}  // namespace schedules
