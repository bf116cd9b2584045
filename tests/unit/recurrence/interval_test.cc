#include "recurrence/interval.h"

#include <gtest/gtest.h>

#include "tests/unit/recurrence/made.h"

namespace schedules {
namespace {

using std::chrono::seconds;

const Interval kNinety{seconds(90), parse_time("2026-01-01T00:00:10Z").value()};

TEST(Interval, KeepsToItsAnchor) {
  EXPECT_EQ(kNinety.after(at("2026-01-01T00:00:10Z")), at("2026-01-01T00:01:40Z"));
  EXPECT_EQ(kNinety.after(at("2026-01-01T00:01:39.999999Z")), at("2026-01-01T00:01:40Z"));
  EXPECT_EQ(kNinety.after(at("2026-01-01T00:02:00Z")), at("2026-01-01T00:03:10Z"));
  EXPECT_EQ(kNinety.after(at("2027-01-01T00:00:00Z")), at("2027-01-01T00:00:10Z"));
}

TEST(Interval, BeginsAtItsAnchor) {
  EXPECT_EQ(kNinety.after(at("2020-01-01T00:00:00Z")), at("2026-01-01T00:00:10Z"));
  EXPECT_EQ(kNinety.after(at("2026-01-01T00:00:09.999999Z")), at("2026-01-01T00:00:10Z"));
}

TEST(Interval, CountsBothEndsRight) {
  EXPECT_EQ(kNinety.count(at("2026-01-01T00:00:09Z"), at("2026-01-01T00:00:10Z")), 1U);
  EXPECT_EQ(kNinety.count(at("2026-01-01T00:00:10Z"), at("2026-01-01T00:01:40Z")), 1U);
  EXPECT_EQ(kNinety.count(at("2026-01-01T00:00:10Z"), at("2026-01-01T00:01:39Z")), 0U);
  EXPECT_EQ(kNinety.count(at("2026-01-01T00:01:39Z"), at("2026-01-01T00:00:10Z")), 0U);
}

TEST(EveryMacro, IsAnIntervalFromTheEpoch) {
  const auto rule = Recurrence::make({.cron = {"@every 90s"}});
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->next(at("2026-01-01T00:00:00Z"))->nominal, at("2026-01-01T00:01:30Z"));
  EXPECT_EQ(rule->rule_text(0), "every 90s");
}

TEST(EveryMacro, StartsAtStartAt) {
  const auto rule = Recurrence::make({.cron = {" @EVERY 1h30m "}, .start_at = at("2026-01-01T00:10:00Z")});
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->next(at("2025-01-01T00:00:00Z"))->nominal, at("2026-01-01T00:10:00Z"));
  EXPECT_EQ(rule->next(at("2026-01-01T00:10:00Z"))->nominal, at("2026-01-01T01:40:00Z"));
}

TEST(EveryMacro, FaultsNameTheColumn) {
  for (const auto* text : {"@every 90x", "@every 500ms", "@every ", "@every -5s", "@every 0s"}) {
    const auto rule = Recurrence::make({.cron = {text}});
    ASSERT_FALSE(rule) << text;
    EXPECT_EQ(rule.error().code, Code::invalid_cron) << text;
    EXPECT_EQ(rule.error().column, 7) << text;
  }
  EXPECT_FALSE(Recurrence::make({.cron = {"@everyday"}}));
}

}  // namespace
}  // namespace schedules
