#include "recurrence/recurrence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/recurrence/made.h"

namespace schedules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

std::vector<std::string> nominals(const Recurrence& recurrence, std::string_view after, size_t n, uint64_t fired = 0) {
  std::vector<std::string> out;
  for (const auto& one : recurrence.next_n(at(after), n, fired)) out.push_back(format_time(one.nominal).substr(0, 19));
  return out;
}

TEST(Recurrence, SeveralRulesFireTogetherAndOnceWhereTheyMeet) {
  const auto both =
      rule({.cron = {"0 9 * * *", "0 */9 * * *"}, .at = {at("2026-01-01T09:30:00Z"), at("2026-01-01T18:00:00Z")}});
  EXPECT_THAT(nominals(both, "2026-01-01T08:00:00Z", 4),
              ElementsAre("2026-01-01T09:00:00", "2026-01-01T09:30:00", "2026-01-01T18:00:00", "2026-01-02T00:00:00"));
}

TEST(Recurrence, TheFirstOfTwoRulesThatMeetIsTold) {
  const auto two = rule({.cron = {"30 1 * * *"}, .at = {at("2026-03-29T01:00:00Z")}, .timezone = "Europe/London"});
  const auto next = two.next(at("2026-03-28T12:00:00Z"));
  EXPECT_EQ(next->rule, 0);
  EXPECT_EQ(next->adjustment, Adjustment::moved_out_of_gap);
}

TEST(Recurrence, IsStrictlyAfterWithFractions) {
  const auto daily = rule({.cron = {"0 9 * * *"}});
  EXPECT_EQ(daily.next(at("2026-01-01T08:59:59.999999Z"))->nominal, at("2026-01-01T09:00:00Z"));
  EXPECT_EQ(daily.next(at("2026-01-01T09:00:00Z"))->nominal, at("2026-01-02T09:00:00Z"));
  EXPECT_EQ(daily.next(at("2026-01-01T09:00:00.000001Z"))->nominal, at("2026-01-02T09:00:00Z"));
}

TEST(Recurrence, OneTimeFiresOnce) {
  const auto once = rule({.at = {at("2026-01-01T09:00:00.25Z")}});
  EXPECT_EQ(once.next(at("2026-01-01T09:00:00Z"))->nominal, at("2026-01-01T09:00:00.25Z"));
  EXPECT_FALSE(once.next(at("2026-01-01T09:00:00.25Z")));
}

TEST(Recurrence, BoundsAreInclusive) {
  const auto bounded =
      rule({.cron = {"0 9 * * *"}, .start_at = at("2026-01-02T09:00:00Z"), .end_at = at("2026-01-03T09:00:00Z")});
  EXPECT_THAT(nominals(bounded, "2025-01-01T00:00:00Z", 9), ElementsAre("2026-01-02T09:00:00", "2026-01-03T09:00:00"));
  EXPECT_EQ(bounded.count_between(at("2025-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")), 2U);
}

TEST(Recurrence, MaxCountEndsIt) {
  const auto three = rule({.cron = {"0 9 * * *"}, .max_count = 3});
  EXPECT_EQ(nominals(three, "2026-01-01T00:00:00Z", 9).size(), 3U);
  EXPECT_EQ(nominals(three, "2026-01-01T00:00:00Z", 9, 2).size(), 1U);
  EXPECT_FALSE(three.next(at("2026-01-01T00:00:00Z"), 3));
}

TEST(Recurrence, WallTimeAndAdjustmentAreTold) {
  const auto moved = rule({.cron = {"30 1 * * *"}, .timezone = "Europe/London"}).next(at("2026-03-28T12:00:00Z"));
  EXPECT_EQ(moved->nominal, at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(format_local(moved->wall), "2026-03-29T01:30:00");
  EXPECT_EQ(moved->adjustment, Adjustment::moved_out_of_gap);
}

TEST(Jitter, IsStableAndBelowTheNext) {
  const RecurrenceSpec spec{.cron = {"*/10 * * * *"}, .jitter = minutes(5), .schedule_id = "abc"};
  const auto one = rule(spec);
  const auto offset = one.next(at("2026-01-01T00:00:00Z"))->due - one.next(at("2026-01-01T00:00:00Z"))->nominal;
  EXPECT_GE(offset, Duration::zero());
  EXPECT_LT(offset, minutes(5));
  for (const auto& next : one.next_n(at("2026-01-01T00:00:00Z"), 50)) EXPECT_EQ(next.due - next.nominal, offset);
}

TEST(Jitter, SpreadsSchedules) {
  std::set<Duration> offsets;
  for (int i = 0; i < 100; ++i) {
    const auto one = rule({.cron = {"0 0 * * *"}, .jitter = hours(1), .schedule_id = fmt::format("{}", i)});
    const auto next = one.next(at("2026-01-01T00:00:00Z"));
    offsets.insert(next->due - next->nominal);
    EXPECT_LT(next->due - next->nominal, hours(1));
  }
  EXPECT_GT(offsets.size(), 95U);
}

TEST(Jitter, AShortPeriodIsTheJitter) {
  for (int i = 0; i < 50; ++i) {
    const auto one = rule({.cron = {"* * * * * *"}, .jitter = hours(1), .schedule_id = fmt::format("{}", i)});
    const auto next = one.next(at("2026-01-01T00:00:00Z"));
    EXPECT_LT(next->due - next->nominal, seconds(1));
  }
}

TEST(LastAtOrBefore, FindsTheNewest) {
  const auto daily = rule({.cron = {"0 9 * * 1"}});
  const auto last = daily.last_at_or_before(at("2026-06-03T00:00:00Z"), at("2020-01-01T00:00:00Z"));
  EXPECT_EQ(last->nominal, at("2026-06-01T09:00:00Z"));
  EXPECT_EQ(daily.last_at_or_before(at("2026-06-01T09:00:00Z"), at("2020-01-01T00:00:00Z"))->nominal,
            at("2026-06-01T09:00:00Z"));
  EXPECT_FALSE(daily.last_at_or_before(at("2026-06-03T00:00:00Z"), at("2026-06-01T09:00:00Z")));
}

TEST(Missed, AYearOfSecondsIsCountedAtOnce) {
  const auto every_second = rule({.cron = {"* * * * * *"}, .timezone = "America/New_York"});
  const auto begin = std::chrono::steady_clock::now();
  const auto missed =
      every_second.missed({.after = at("2025-01-01T00:00:00Z"), .now = at("2026-01-01T00:00:00.5Z"), .list = 3});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
  EXPECT_EQ(missed.count, kMostCounted);
  EXPECT_EQ(missed.oldest.size(), 3U);
  EXPECT_EQ(missed.oldest[0].nominal, at("2025-01-01T00:00:01Z"));
  EXPECT_EQ(missed.newest->nominal, at("2026-01-01T00:00:00Z"));
}

TEST(Missed, CountsAcrossClockChanges) {
  const auto hourly = rule({.cron = {"0 * * * *"}, .timezone = "America/New_York"});
  EXPECT_EQ(hourly.count_between(at("2025-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")), 8760U);
  const auto fixed = rule({.cron = {"30 2 * * *"}, .timezone = "America/New_York"});
  EXPECT_EQ(fixed.count_between(at("2025-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")), 365U);
}

TEST(Missed, NothingMissedIsEmpty) {
  const auto missed =
      rule({.cron = {"0 9 * * *"}}).missed({.after = at("2026-01-01T09:00:00Z"), .now = at("2026-01-02T08:00:00Z")});
  EXPECT_EQ(missed.count, 0U);
  EXPECT_TRUE(missed.oldest.empty());
  EXPECT_FALSE(missed.newest);
}

TEST(Missed, MaxCountLimitsWhatWasMissed) {
  const auto five = rule({.cron = {"0 9 * * *"}, .max_count = 5});
  const auto missed =
      five.missed({.after = at("2026-01-01T09:00:00Z"), .now = at("2026-02-01T00:00:00Z"), .list = 10, .fired = 2});
  EXPECT_EQ(missed.count, 3U);
  EXPECT_EQ(missed.oldest.size(), 3U);
  EXPECT_EQ(missed.newest->nominal, at("2026-01-04T09:00:00Z"));
}

TEST(Missed, SeveralRulesAreWalked) {
  const auto both = rule({.cron = {"0 9 * * *", "0 9,10 * * *"}, .every = hours(24)});
  EXPECT_EQ(both.count_between(at("2026-01-01T00:00:00Z"), at("2026-01-11T00:00:00Z")), 30U);
  EXPECT_EQ(both.count_between(at("2026-01-01T00:00:00Z"), at("2026-01-11T00:00:00Z"), 7), 7U);
}

struct BadSpec {
  const char* field;
  Code code;
  RecurrenceSpec spec;
};

TEST(RecurrenceRefusal, NamesTheField) {
  const auto noon = at("2026-01-01T12:00:00Z");
  const std::array cases{
      BadSpec{"cron_expression", Code::missing_field, {}},
      BadSpec{"minute", Code::invalid_cron, {.cron = {"61 * * * *"}}},
      BadSpec{"day_of_month", Code::never_fires, {.cron = {"0 0 31 2 *"}}},
      BadSpec{"timezone", Code::unknown_time_zone, {.cron = {"* * * * *"}, .timezone = "Mars/Phobos"}},
      BadSpec{"every", Code::out_of_range, {.every = Duration(999'999)}},
      BadSpec{"end_at", Code::invalid_argument, {.cron = {"* * * * *"}, .start_at = noon, .end_at = noon - hours(1)}},
      BadSpec{"max_count", Code::out_of_range, {.cron = {"* * * * *"}, .max_count = 0}},
      BadSpec{"jitter", Code::out_of_range, {.cron = {"* * * * *"}, .jitter = Duration(-1)}},
      BadSpec{"at", Code::out_of_range, {.at = {TimePoint::max()}}},
      BadSpec{"end_at", Code::never_fires, {.cron = {"0 0 1 1 *"}, .start_at = noon, .end_at = noon + hours(1)}},
      BadSpec{"cron_expression", Code::never_fires, {.cron = {"0 0 0 1 1 * 2020"}, .start_at = noon}},
      BadSpec{"cron_expression", Code::too_long, {.cron = std::vector<std::string>(33, "* * * * *")}},
  };
  for (const auto& bad : cases) {
    const auto made = Recurrence::make(bad.spec);
    ASSERT_FALSE(made) << bad.field;
    EXPECT_EQ(made.error().code, bad.code) << bad.field << ": " << made.error().detail;
    EXPECT_EQ(made.error().field, bad.field) << made.error().detail;
  }
}

TEST(RecurrenceRefusal, ReportsEveryFault) {
  const auto made =
      Recurrence::make({.cron = {"61 * * * *", "* 25 * * *"}, .timezone = "Nowhere", .jitter = Duration(-1)});
  ASSERT_FALSE(made);
  ASSERT_EQ(made.error().more.size(), 3U);
  EXPECT_EQ(made.error().field, "timezone");
  EXPECT_EQ(made.error().more[1].field, "minute");
  EXPECT_EQ(made.error().more[2].field, "hour");
}

}  // namespace
}  // namespace schedules
