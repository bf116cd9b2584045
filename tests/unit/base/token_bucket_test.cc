#include "base/token_bucket.h"

#include <gtest/gtest.h>

namespace schedules {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const TokenBucket::Time kStart{seconds(1'000)};

TEST(TokenBucket, BeginsFullAndFillsAtItsRate) {
  TokenBucket bucket(10, kStart);
  EXPECT_DOUBLE_EQ(bucket.tokens(kStart), 10);
  bucket.take(10, kStart);
  EXPECT_DOUBLE_EQ(bucket.tokens(kStart), 0);
  EXPECT_NEAR(bucket.tokens(kStart + milliseconds(500)), 5, 1e-9);
  EXPECT_DOUBLE_EQ(bucket.tokens(kStart + seconds(100)), 10);
}

TEST(TokenBucket, ADebtIsWaitedFor) {
  TokenBucket bucket(10, kStart);
  EXPECT_EQ(bucket.wait(kStart), microseconds(0));
  bucket.take(30, kStart);
  EXPECT_NEAR(static_cast<double>(bucket.wait(kStart).count()), 2.1e6, 10);
  EXPECT_GT(bucket.wait(kStart + seconds(2)), microseconds(0));
  EXPECT_EQ(bucket.wait(kStart + milliseconds(2'101)), microseconds(0));
}

TEST(TokenBucket, ATimeThatGoesBackGivesNothing) {
  TokenBucket bucket(10, kStart);
  bucket.take(10, kStart);
  EXPECT_DOUBLE_EQ(bucket.tokens(kStart - seconds(5)), 0);
  EXPECT_NEAR(bucket.tokens(kStart + seconds(1)), 10, 1e-9);
}

}  // namespace
}  // namespace schedules
