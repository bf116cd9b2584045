#include "app/health.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace schedules {
namespace {

using testing::ManualClock;

struct HealthTest : ::testing::Test {
  ManualClock clock;
  Health health{clock};

  api::HealthPart part() {
    const auto parts = health.parts();
    EXPECT_EQ(parts.size(), 1U);
    return parts.at(0);
  }
};

TEST_F(HealthTest, APartIsAsItIsSinceItsFirstWord) {
  clock.advance(std::chrono::seconds(5));
  const TimePoint first = clock.wall();
  health.answered("redis", {});
  clock.advance(std::chrono::seconds(5));
  health.answered("redis", {});
  EXPECT_TRUE(part().healthy);
  EXPECT_EQ(part().since, first);
}

TEST_F(HealthTest, SinceIsWhenItChanged) {
  health.answered("redis", {});
  clock.advance(std::chrono::seconds(5));
  const TimePoint broke = clock.wall();
  health.answered("redis", fail(Code::unavailable, "no route"));
  clock.advance(std::chrono::seconds(5));
  health.answered("redis", fail(Code::unavailable, "refused"));
  EXPECT_FALSE(part().healthy);
  EXPECT_EQ(part().since, broke);
  EXPECT_EQ(part().detail, "refused");
}

TEST_F(HealthTest, WhoDoesNotAnswerIsUnhealthyUntilItDoes) {
  health.asked("redis");
  EXPECT_TRUE(part().healthy);
  clock.advance(std::chrono::seconds(4));
  health.asked("redis");
  EXPECT_FALSE(part().healthy);
  EXPECT_EQ(part().detail, "does not answer");
  health.answered("redis", {});
  EXPECT_TRUE(part().healthy);
}

}  // namespace
}  // namespace schedules
