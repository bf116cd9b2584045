#include "api/producers.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace schedules::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Producers, WithoutALimitEverythingIsTaken) {
  testing::ManualClock clock;
  Producers producers(clock);
  EXPECT_TRUE(producers.take("a", 1'000'000));
  EXPECT_TRUE(producers.take("a", 1'000'000));
}

TEST(Producers, EachHasItsOwnLimit) {
  testing::ManualClock clock;
  Producers producers(clock);
  producers.set_rate(100);
  EXPECT_TRUE(producers.take("a", 150));  // a batch is taken whole
  const auto refused = producers.take("a", 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::rate_limited);
  EXPECT_GT(refused.error().retry_after, milliseconds(500));
  EXPECT_LE(refused.error().retry_after, milliseconds(600));
  EXPECT_TRUE(producers.take("b", 1));
  clock.advance(refused.error().retry_after);
  EXPECT_TRUE(producers.take("a", 1));
}

TEST(Producers, ALimitAppliesAtOnce) {
  testing::ManualClock clock;
  Producers producers(clock);
  producers.set_rate(1);
  EXPECT_TRUE(producers.take("a", 10));
  EXPECT_FALSE(producers.take("a", 1));
  producers.set_rate(0);
  EXPECT_TRUE(producers.take("a", 10));
}

}  // namespace
}  // namespace schedules::api
