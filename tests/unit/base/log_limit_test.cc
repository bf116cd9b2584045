#include "base/log_limit.h"

#include <gtest/gtest.h>

namespace schedules::log {
namespace {

using namespace std::chrono_literals;

TEST(LogLimit, HoldsBackWhatIsSaidTooOftenAndTellsHowMany) {
  Limit limit(5);
  TokenBucket::Time now{};
  uint64_t passed = 0;
  for (int i = 0; i < 100; ++i) passed += limit.pass("store.away", now) ? 1 : 0;
  EXPECT_EQ(passed, 5U);
  EXPECT_EQ(limit.pass("store.away", now + 200ms), 95U);
  EXPECT_EQ(limit.pass("store.away", now + 200ms), std::nullopt);
  EXPECT_EQ(limit.pass("store.away", now + 2s), 1U);
  EXPECT_EQ(limit.pass("store.away", now + 2s), 0U);
}

TEST(LogLimit, OneMessageHoldsBackNoOther) {
  Limit limit(1);
  TokenBucket::Time now{};
  EXPECT_TRUE(limit.pass("store.away", now));
  EXPECT_FALSE(limit.pass("store.away", now));
  EXPECT_TRUE(limit.pass("sink.away", now));
}

}  // namespace
}  // namespace schedules::log
