#include "sink/breaker.h"

#include <gtest/gtest.h>

namespace schedules {
namespace {

using std::chrono::seconds;

SteadyPoint at(Duration since_start) { return SteadyPoint(std::chrono::hours(1)) + since_start; }

void record(Breaker& breaker, SteadyPoint now, int succeeded, int failed) {
  for (int i = 0; i < succeeded; ++i) breaker.record(now, true);
  for (int i = 0; i < failed; ++i) breaker.record(now, false);
}

Breaker opened_at(SteadyPoint now) {
  Breaker breaker;
  record(breaker, now, 0, 20);
  return breaker;
}

TEST(Breaker, StaysClosedBelowTwentyResults) {
  Breaker breaker;
  record(breaker, at(seconds(0)), 0, 19);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::closed);
  EXPECT_TRUE(breaker.allow(at(seconds(0))));
  EXPECT_EQ(breaker.next_probe(), std::nullopt);
}

TEST(Breaker, OpensWhenHalfOfTwentyFailed) {
  Breaker breaker;
  record(breaker, at(seconds(0)), 10, 9);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::closed);
  record(breaker, at(seconds(1)), 0, 1);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::open);
  EXPECT_FALSE(breaker.allow(at(seconds(1))));
  EXPECT_EQ(breaker.next_probe(), at(seconds(6)));
}

TEST(Breaker, StaysClosedWhenLessThanHalfFailed) {
  Breaker breaker;
  record(breaker, at(seconds(0)), 51, 49);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::closed);
}

TEST(Breaker, ForgetsResultsOlderThanTenSeconds) {
  Breaker breaker;
  record(breaker, at(seconds(0)), 0, 19);
  record(breaker, at(seconds(10)), 0, 19);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::closed);
  record(breaker, at(seconds(19)), 0, 1);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::open);
}

TEST(Breaker, CountsSpreadOverTenSeconds) {
  Breaker breaker;
  for (int i = 0; i < 10; ++i) record(breaker, at(seconds(i)), 0, 2);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::open);
}

TEST(Breaker, LetsOneProbeThroughAfterFiveSeconds) {
  auto breaker = opened_at(at(seconds(0)));
  EXPECT_FALSE(breaker.allow(at(seconds(5)) - Duration(1)));
  EXPECT_TRUE(breaker.allow(at(seconds(5))));
  EXPECT_EQ(breaker.gate(), Breaker::Gate::probing);
  EXPECT_FALSE(breaker.allow(at(seconds(5))));
  EXPECT_FALSE(breaker.allow(at(seconds(500))));
}

TEST(Breaker, ProbesGrowApartToAMinute) {
  auto breaker = opened_at(at(seconds(0)));
  SteadyPoint now = at(seconds(0));
  for (const int wait : {5, 10, 20, 40, 60, 60}) {
    EXPECT_FALSE(breaker.allow(now + seconds(wait) - Duration(1)));
    now += seconds(wait);
    ASSERT_TRUE(breaker.allow(now)) << wait;
    breaker.record(now, false);
    EXPECT_EQ(breaker.gate(), Breaker::Gate::open);
  }
}

TEST(Breaker, ClosesAfterASuccessfulProbe) {
  auto breaker = opened_at(at(seconds(0)));
  ASSERT_TRUE(breaker.allow(at(seconds(5))));
  breaker.record(at(seconds(5)), true);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::closed);
  record(breaker, at(seconds(6)), 0, 19);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::closed);
  record(breaker, at(seconds(6)), 0, 1);
  EXPECT_EQ(breaker.next_probe(), at(seconds(11)));
}

TEST(Breaker, StragglersDoNotMoveTheProbe) {
  auto breaker = opened_at(at(seconds(0)));
  record(breaker, at(seconds(1)), 5, 50);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::open);
  EXPECT_EQ(breaker.next_probe(), at(seconds(5)));
}

TEST(Breaker, WithdrawnProbeIsFreeAgain) {
  auto breaker = opened_at(at(seconds(0)));
  ASSERT_TRUE(breaker.allow(at(seconds(5))));
  breaker.withdraw();
  EXPECT_EQ(breaker.gate(), Breaker::Gate::open);
  EXPECT_TRUE(breaker.allow(at(seconds(5))));
}

TEST(Breaker, RestsWhereAnotherNodeFoundTheTargetDown) {
  Breaker breaker;
  breaker.rest_until(at(seconds(7)), seconds(5));
  EXPECT_EQ(breaker.gate(), Breaker::Gate::open);
  EXPECT_FALSE(breaker.allow(at(seconds(6))));
  EXPECT_TRUE(breaker.allow(at(seconds(7))));
}

TEST(Breaker, RestsForTheLongestThatItHears) {
  Breaker breaker = opened_at(at(seconds(0)));
  breaker.rest_until(at(seconds(2)), seconds(1));
  EXPECT_EQ(breaker.next_probe(), at(seconds(5)));
  breaker.rest_until(at(seconds(40)), seconds(40));
  EXPECT_EQ(breaker.next_probe(), at(seconds(40)));
  EXPECT_EQ(breaker.rest(), seconds(40));
}

TEST(Breaker, AProbeUnderWayDecidesByItself) {
  Breaker breaker = opened_at(at(seconds(0)));
  ASSERT_TRUE(breaker.allow(at(seconds(5))));
  breaker.rest_until(at(seconds(60)), seconds(40));
  breaker.record(at(seconds(6)), true);
  EXPECT_EQ(breaker.gate(), Breaker::Gate::closed);
}

}  // namespace
}  // namespace schedules
