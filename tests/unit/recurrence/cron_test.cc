// Which wall times an expression means; no time zone here.
#include "recurrence/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "time/text.h"
#include "time/zone.h"

namespace schedules {
namespace {

using testing::ElementsAre;

int64_t wall(std::string_view text) { return to_micros(parse_time(text).value()) / 1'000'000; }

// The next n matches after a wall time, written without seconds where they are 0.
std::vector<std::string> matches(std::string_view text, std::string_view after, size_t n, CronOptions options = {}) {
  const auto cron = Cron::parse(text, options);
  if (!cron) return {cron.error().detail};
  std::vector<std::string> out;
  for (int64_t at_s = wall(after); out.size() < n;) {
    at_s = cron->at_or_after(at_s + 1);
    if (at_s == Cron::kNever) break;
    auto shown = format_local(LocalSeconds{std::chrono::seconds{at_s}});
    out.push_back(shown.ends_with(":00") ? shown.substr(0, 16) : shown);
  }
  return out;
}

constexpr auto kNewYear = "2026-01-01T00:00:00";  // a Thursday

TEST(Cron, ListsRangesAndSteps) {
  EXPECT_THAT(matches("5,35 9-10 * * *", kNewYear, 4),
              ElementsAre("2026-01-01T09:05", "2026-01-01T09:35", "2026-01-01T10:05", "2026-01-01T10:35"));
  EXPECT_THAT(matches("10-50/20 0 * * *", kNewYear, 3),
              ElementsAre("2026-01-01T00:10", "2026-01-01T00:30", "2026-01-01T00:50"));
  EXPECT_THAT(matches("50/5 * * * *", kNewYear, 3),
              ElementsAre("2026-01-01T00:50", "2026-01-01T00:55", "2026-01-01T01:50"));
  EXPECT_THAT(matches("*/25 0 * * *", kNewYear, 3),
              ElementsAre("2026-01-01T00:25", "2026-01-01T00:50", "2026-01-02T00:00"));
}

TEST(Cron, RangesWrapAround) {
  EXPECT_THAT(matches("0 22-1 * * *", kNewYear, 4),
              ElementsAre("2026-01-01T01:00", "2026-01-01T22:00", "2026-01-01T23:00", "2026-01-02T00:00"));
  EXPECT_THAT(matches("0 0 * * fri-sun", kNewYear, 4),
              ElementsAre("2026-01-02T00:00", "2026-01-03T00:00", "2026-01-04T00:00", "2026-01-09T00:00"));
  EXPECT_THAT(matches("0 0 1 nov-feb *", kNewYear, 3),
              ElementsAre("2026-02-01T00:00", "2026-11-01T00:00", "2026-12-01T00:00"));
  EXPECT_THAT(matches("0 20-4/3 * * *", kNewYear, 3),
              ElementsAre("2026-01-01T02:00", "2026-01-01T20:00", "2026-01-01T23:00"));
}

TEST(Cron, ZeroAndSevenAreSunday) {
  for (const auto* text : {"0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * 7-7"}) {
    EXPECT_THAT(matches(text, kNewYear, 2), ElementsAre("2026-01-04T00:00", "2026-01-11T00:00")) << text;
  }
  EXPECT_THAT(matches("0 0 * * 6-7", kNewYear, 3),
              ElementsAre("2026-01-03T00:00", "2026-01-04T00:00", "2026-01-10T00:00"));
}

TEST(Cron, NamesInAnyCase) {
  EXPECT_THAT(matches("0 0 1 jAn,JUL *", kNewYear, 2), ElementsAre("2026-07-01T00:00", "2027-01-01T00:00"));
  EXPECT_THAT(matches("0 0 ? * Mon-weD", kNewYear, 3),
              ElementsAre("2026-01-05T00:00", "2026-01-06T00:00", "2026-01-07T00:00"));
}

TEST(Cron, LastDays) {
  EXPECT_THAT(matches("0 0 L * *", kNewYear, 3),
              ElementsAre("2026-01-31T00:00", "2026-02-28T00:00", "2026-03-31T00:00"));
  EXPECT_THAT(matches("0 0 L-2 * *", kNewYear, 2), ElementsAre("2026-01-29T00:00", "2026-02-26T00:00"));
  EXPECT_THAT(matches("0 0 l 2 *", "2027-12-01T00:00:00", 1), ElementsAre("2028-02-29T00:00"));
  EXPECT_THAT(matches("0 0 LW * *", kNewYear, 3),
              ElementsAre("2026-01-30T00:00", "2026-02-27T00:00", "2026-03-31T00:00"));
}

TEST(Cron, NearestWorkingDayStaysInItsMonth) {
  EXPECT_THAT(matches("0 0 1W * *", kNewYear, 3),
              ElementsAre("2026-02-02T00:00", "2026-03-02T00:00", "2026-04-01T00:00"));
  EXPECT_THAT(matches("0 0 1W 8 *", kNewYear, 1),
              ElementsAre("2026-08-03T00:00"));  // the 1st is a Saturday
  EXPECT_THAT(matches("0 0 15W 2,3,8 *", kNewYear, 3),
              ElementsAre("2026-02-16T00:00", "2026-03-16T00:00", "2026-08-14T00:00"));
  EXPECT_THAT(matches("0 0 31W 5 *", kNewYear, 1),
              ElementsAre("2026-05-29T00:00"));  // the 31st is a Sunday
  EXPECT_THAT(matches("0 0 31W * *", "2026-03-31T00:00:00", 1), ElementsAre("2026-05-29T00:00"));
}

TEST(Cron, LastWeekdayOfTheMonth) {
  for (const auto* text : {"0 0 * * 5L", "0 0 * * L5", "0 0 * * FRIL", "0 0 * * lfri"}) {
    EXPECT_THAT(matches(text, kNewYear, 2), ElementsAre("2026-01-30T00:00", "2026-02-27T00:00")) << text;
  }
  EXPECT_THAT(matches("0 0 * * 7L", kNewYear, 1), ElementsAre("2026-01-25T00:00"));
  EXPECT_THAT(matches("0 0 * * L", kNewYear, 2), ElementsAre("2026-01-03T00:00", "2026-01-10T00:00"));
}

TEST(Cron, NthWeekdayOfTheMonth) {
  EXPECT_THAT(matches("0 0 * * 1#1", kNewYear, 2), ElementsAre("2026-01-05T00:00", "2026-02-02T00:00"));
  EXPECT_THAT(matches("0 0 * * sun#5", kNewYear, 2), ElementsAre("2026-03-29T00:00", "2026-05-31T00:00"));
  EXPECT_THAT(matches("0 0 * * 7#1,thu#2", kNewYear, 3),
              ElementsAre("2026-01-04T00:00", "2026-01-08T00:00", "2026-02-01T00:00"));
}

TEST(Cron, BothDayFieldsSetMeansEither) {
  EXPECT_THAT(matches("0 0 13 * 5", kNewYear, 4),
              ElementsAre("2026-01-02T00:00", "2026-01-09T00:00", "2026-01-13T00:00", "2026-01-16T00:00"));
  EXPECT_THAT(matches("0 0 L * 0#1", kNewYear, 3),
              ElementsAre("2026-01-04T00:00", "2026-01-31T00:00", "2026-02-01T00:00"));
}

TEST(Cron, AFieldThatBeginsWithAStarMeansBoth) {
  EXPECT_THAT(matches("0 0 */10 * 1", kNewYear, 2), ElementsAre("2026-05-11T00:00", "2026-06-01T00:00"));
  EXPECT_THAT(matches("0 0 13 * */5", kNewYear, 2), ElementsAre("2026-02-13T00:00", "2026-03-13T00:00"));
  EXPECT_THAT(matches("0 0 ? * 1", kNewYear, 1), ElementsAre("2026-01-05T00:00"));
  EXPECT_THAT(matches("0 0 15 * ?", kNewYear, 1), ElementsAre("2026-01-15T00:00"));
}

TEST(Cron, SecondsAndYears) {
  EXPECT_THAT(matches("*/20 0 8 * * *", kNewYear, 3),
              ElementsAre("2026-01-01T08:00", "2026-01-01T08:00:20", "2026-01-01T08:00:40"));
  EXPECT_THAT(matches("30 0 0 1 1 * 2028,2030-2031", kNewYear, 9),
              ElementsAre("2028-01-01T00:00:30", "2030-01-01T00:00:30", "2031-01-01T00:00:30"));
  EXPECT_THAT(matches("0 0 0 1 1 * 2199/1", kNewYear, 9), ElementsAre("2199-01-01T00:00", "2200-01-01T00:00"));
}

TEST(Cron, SecondsLast) {
  const CronOptions last{.seconds = SecondsPosition::last, .hash_seed = {}};
  EXPECT_THAT(matches("0 8 * * * 15,45", kNewYear, 2, last), ElementsAre("2026-01-01T08:00:15", "2026-01-01T08:00:45"));
  EXPECT_THAT(matches("0 8 1 1 * 15 2030", kNewYear, 2, last), ElementsAre("2030-01-01T08:00:15"));
  EXPECT_THAT(matches("0 8 * * *", kNewYear, 1, last), ElementsAre("2026-01-01T08:00"));
}

TEST(Cron, Macros) {
  EXPECT_EQ(matches("@hourly", kNewYear, 3), matches("0 * * * *", kNewYear, 3));
  EXPECT_EQ(matches(" @Daily ", kNewYear, 3), matches("0 0 * * *", kNewYear, 3));
  EXPECT_EQ(matches("@midnight", kNewYear, 3), matches("0 0 * * *", kNewYear, 3));
  EXPECT_EQ(matches("@weekly", kNewYear, 3), matches("0 0 * * 0", kNewYear, 3));
  EXPECT_EQ(matches("@monthly", kNewYear, 3), matches("0 0 1 * *", kNewYear, 3));
  EXPECT_EQ(matches("@yearly", kNewYear, 3), matches("0 0 1 1 *", kNewYear, 3));
  EXPECT_EQ(matches("@annually", kNewYear, 3), matches("0 0 1 1 *", kNewYear, 3));
}

TEST(Cron, TabsAndSpacesSeparate) {
  EXPECT_EQ(matches("\t0  9 \t * * 1 ", kNewYear, 2), matches("0 9 * * 1", kNewYear, 2));
}

TEST(Cron, LeapDayOnAWeekdayIsFoundDecadesAhead) {
  EXPECT_THAT(matches("0 0 */28 2 1#5", kNewYear, 2), ElementsAre("2044-02-29T00:00", "2072-02-29T00:00"));
  EXPECT_THAT(matches("0 0 29 2 *", "2096-03-01T00:00:00", 1), ElementsAre("2104-02-29T00:00"));
}

TEST(Cron, HashIsStableAndSpreads) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto id = fmt::format("schedule-{}", i);
    const CronOptions options{.seconds = SecondsPosition::first, .hash_seed = id};
    const auto first = matches("H H * * *", kNewYear, 1, options);
    EXPECT_EQ(first, matches("H H * * *", kNewYear, 1, options));
    seen.insert(first.front());
  }
  EXPECT_GT(seen.size(), 150U);
}

TEST(Cron, HashStaysInItsRange) {
  for (int i = 0; i < 200; ++i) {
    const auto id = fmt::format("{}", i);
    const CronOptions options{.seconds = SecondsPosition::first, .hash_seed = id};
    const auto days = Cron::parse("0 0 H * *", options)->fields().days.days;
    EXPECT_EQ(std::popcount(days), 1);
    EXPECT_EQ(days & ~0x1FFFFFFEU, 0U);  // 1 to 28
    const auto minutes = Cron::parse("H(20-29) * * * *", options)->fields().minutes;
    EXPECT_EQ(std::popcount(minutes), 1);
    EXPECT_EQ(minutes & ~(uint64_t{0x3FF} << 20U), 0U);
    EXPECT_EQ(std::popcount(Cron::parse("H/15 * * * *", options)->fields().minutes), 4);
    EXPECT_EQ(std::popcount(Cron::parse("H(0-29)/10 * * * *", options)->fields().minutes), 3);
    EXPECT_EQ(std::popcount(unsigned{Cron::parse("0 0 * * H", options)->fields().days.weekdays}), 1);
  }
}

TEST(Cron, CountEqualsAWalk) {
  for (const auto* text : {"*/7 * * * * *", "0 9 * * 1-5", "*/5 9-17 L * *", "0 0 13 * 5", "1,2 3 4-9 */2 *"}) {
    const auto cron = Cron::parse(text).value();
    const int64_t from_s = wall("2026-01-30T09:00:00");
    const int64_t until_s = wall("2026-03-02T09:00:04");
    uint64_t walked = 0;
    for (int64_t at_s = cron.at_or_after(from_s); at_s < until_s; at_s = cron.at_or_after(at_s + 1)) ++walked;
    EXPECT_EQ(cron.count(from_s, until_s), walked) << text;
    EXPECT_EQ(cron.count(from_s, from_s), 0U) << text;
  }
}

TEST(MonthTable, EveryDayIsInItsMonth) {
  size_t month = 0;
  for (uint32_t day = 0; day < kTableDays; ++day) {
    if (day == kMonths[month + 1].first_day) ++month;
    ASSERT_EQ(month_of_day(day), month) << day;
  }
  EXPECT_EQ(month + 1, kTableMonths);
}

}  // namespace
}  // namespace schedules
