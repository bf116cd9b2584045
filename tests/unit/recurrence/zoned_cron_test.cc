#include "recurrence/zoned_cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "time/text.h"

namespace schedules {
namespace {

using testing::ElementsAre;

int64_t utc(std::string_view text) { return to_micros(parse_time(text).value()) / 1'000'000; }

ZonedCron zoned(std::string_view text, std::string_view zone, ClockPolicies policies = {}) {
  return {Cron::parse(text).value(), *find_zone(zone).value(), policies};
}

std::vector<std::string> firings(const ZonedCron& cron, std::string_view after, size_t n) {
  std::vector<std::string> out;
  for (int64_t at_s = utc(after); out.size() < n;) {
    const auto firing = cron.after(at_s);
    if (!firing) break;
    at_s = firing->at_s;
    out.push_back(format_with_offset(TimePoint{std::chrono::seconds{at_s}}, cron.zone()));
  }
  return out;
}

constexpr ClockPolicies kSkip{GapPolicy::skip, OverlapPolicy::first};
constexpr ClockPolicies kSecond{GapPolicy::shift_forward, OverlapPolicy::second};
constexpr ClockPolicies kBoth{GapPolicy::shift_forward, OverlapPolicy::both};

TEST(ZonedCron, AGapMovesAFixedRuleToItsEnd) {
  EXPECT_THAT(firings(zoned("30 2 * * *", "America/New_York"), "2026-03-07T12:00:00Z", 2),
              ElementsAre("2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"));
}

TEST(ZonedCron, AGapMovesSeveralToOne) {
  EXPECT_THAT(firings(zoned("0,15,30 2 * * *", "America/New_York"), "2026-03-07T12:00:00Z", 2),
              ElementsAre("2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"));
  EXPECT_THAT(firings(zoned("0 2,3 * * *", "America/New_York"), "2026-03-07T12:00:00Z", 2),
              ElementsAre("2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"));
}

TEST(ZonedCron, AGapMayBeSkipped) {
  EXPECT_THAT(firings(zoned("30 2 * * *", "America/New_York", kSkip), "2026-03-07T12:00:00Z", 1),
              ElementsAre("2026-03-09T02:30:00-04:00"));
  const auto lost = zoned("30 2 * * *", "America/New_York", kSkip)
                        .lost_in_gap(utc("2026-03-07T12:00:00Z"), utc("2026-03-09T12:00:00Z"));
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->wall_s, utc("2026-03-08T02:30:00"));
}

TEST(ZonedCron, AnOverlapFiresOnceByDefault) {
  EXPECT_THAT(firings(zoned("30 1 * * *", "America/New_York"), "2026-10-31T12:00:00Z", 2),
              ElementsAre("2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"));
  EXPECT_THAT(firings(zoned("30 1 * * *", "America/New_York", kSecond), "2026-10-31T12:00:00Z", 2),
              ElementsAre("2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-05:00"));
  EXPECT_THAT(firings(zoned("30 1 * * *", "America/New_York", kBoth), "2026-10-31T12:00:00Z", 3),
              ElementsAre("2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-05:00"));
}

TEST(ZonedCron, ABaseBetweenThePassesFindsTheNextDay) {
  // 01:45 of the first pass: the second 01:30 is still to come but belongs to the same occurrence.
  EXPECT_THAT(firings(zoned("30 1 * * *", "America/New_York"), "2026-11-01T05:45:00Z", 1),
              ElementsAre("2026-11-02T01:30:00-05:00"));
  EXPECT_THAT(firings(zoned("30 1 * * *", "America/New_York"), "2026-11-01T06:10:00Z", 1),
              ElementsAre("2026-11-02T01:30:00-05:00"));
}

TEST(ZonedCron, StarsAndStepsRunOnElapsedTime) {
  EXPECT_THAT(firings(zoned("30 * * * *", "America/New_York", kSkip), "2026-11-01T04:45:00Z", 3),
              ElementsAre("2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-01T02:30:00-05:00"));
  EXPECT_THAT(firings(zoned("*/30 * * * *", "America/New_York"), "2026-03-08T06:15:00Z", 2),
              ElementsAre("2026-03-08T01:30:00-05:00", "2026-03-08T03:00:00-04:00"));
  EXPECT_THAT(firings(zoned("*/30 2 * * *", "America/New_York"), "2026-03-07T12:00:00Z", 1),
              ElementsAre("2026-03-09T02:00:00-04:00"));
  EXPECT_THAT(firings(zoned("0 */2 * * *", "America/New_York"), "2026-03-08T06:00:00Z", 1),
              ElementsAre("2026-03-08T04:00:00-04:00"));
}

TEST(ZonedCron, ASkippedDayFiresAtTheNextOnesBegin) {
  EXPECT_THAT(firings(zoned("0 9 * * *", "Pacific/Apia"), "2011-12-29T12:00:00Z", 3),
              ElementsAre("2011-12-29T09:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"));
  EXPECT_THAT(firings(zoned("0 9 * * *", "Pacific/Apia", kSkip), "2011-12-29T20:00:00Z", 1),
              ElementsAre("2011-12-31T09:00:00+14:00"));
  EXPECT_THAT(firings(zoned("0 */6 * * *", "Pacific/Apia"), "2011-12-30T04:00:00Z", 2),
              ElementsAre("2011-12-31T00:00:00+14:00", "2011-12-31T06:00:00+14:00"));
}

TEST(ZonedCron, HalfHourChanges) {
  EXPECT_THAT(firings(zoned("15 2 * * *", "Australia/Lord_Howe"), "2026-10-03T12:00:00Z", 1),
              ElementsAre("2026-10-04T02:30:00+11:00"));
  EXPECT_THAT(firings(zoned("45 1 * * *", "Australia/Lord_Howe"), "2026-04-04T12:00:00Z", 2),
              ElementsAre("2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"));
}

TEST(ZonedCron, AdjustmentsAreTold) {
  EXPECT_EQ(zoned("30 2 * * *", "America/New_York").after(utc("2026-03-08T00:00:00Z"))->adjustment,
            Adjustment::moved_out_of_gap);
  EXPECT_EQ(zoned("30 1 * * *", "America/New_York").after(utc("2026-11-01T00:00:00Z"))->adjustment,
            Adjustment::first_of_two);
  EXPECT_EQ(zoned("30 1 * * *", "America/New_York", kSecond).after(utc("2026-11-01T00:00:00Z"))->adjustment,
            Adjustment::second_of_two);
  EXPECT_EQ(zoned("30 1 * * *", "America/New_York").after(utc("2026-06-01T00:00:00Z"))->adjustment, Adjustment::none);
}

TEST(ZonedCron, EndsWith2200) {
  EXPECT_THAT(firings(zoned("0 0 31 12 *", "UTC"), "2199-06-01T00:00:00Z", 5),
              ElementsAre("2199-12-31T00:00:00+00:00", "2200-12-31T00:00:00+00:00"));
  EXPECT_FALSE(zoned("* * * * * *", "Asia/Tokyo").after(ZonedCron::kLastInstant_s));
  EXPECT_EQ(zoned("* * * * * *", "Asia/Tokyo").after(ZonedCron::kLastInstant_s - 1)->at_s, ZonedCron::kLastInstant_s);
}

TEST(ZonedCron, BeginsWith1970) { EXPECT_EQ(zoned("* * * * *", "America/New_York").after(-1'000'000'000)->at_s, 0); }

TEST(ZonedCron, TheRarestRuleIsFoundInTime) {
  // The leap days that are Mondays, of one far year: every month up to it is looked at.
  const auto rare = zoned("0 0 2 */28 2 1#5 2196", "America/New_York");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rare.after(i)->wall_s, utc("2196-02-29T02:00:00"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1000));
}

}  // namespace
}  // namespace schedules
