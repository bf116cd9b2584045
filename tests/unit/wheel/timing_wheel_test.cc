#include "wheel/timing_wheel.h"

#include <gtest/gtest.h>

#include <random>

namespace schedules {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = from_micros(1'767'225'600'000'000);

std::vector<int> due(TimingWheel<int>& wheel, TimePoint now) {
  std::vector<int> out;
  wheel.advance(now, out);
  return out;
}

TEST(TimingWheel, GivesOutNothingBeforeItsTime) {
  TimingWheel<int> wheel(kStart);
  wheel.insert(kStart + microseconds(1'500), 1);
  EXPECT_TRUE(due(wheel, kStart + microseconds(1'499)).empty());
  EXPECT_EQ(due(wheel, kStart + microseconds(1'500)), std::vector{1});
}

TEST(TimingWheel, SameTickIsSplitAtTheMicrosecond) {
  TimingWheel<int> wheel(kStart);
  wheel.insert(kStart + microseconds(100), 1);
  wheel.insert(kStart + microseconds(900), 2);
  EXPECT_EQ(due(wheel, kStart + microseconds(500)), std::vector{1});
  EXPECT_EQ(wheel.next_wake(), kStart + microseconds(900));
  EXPECT_EQ(due(wheel, kStart + microseconds(900)), std::vector{2});
}

TEST(TimingWheel, NextWakeIsTheEarliestExactly) {
  TimingWheel<int> wheel(kStart);
  EXPECT_EQ(wheel.next_wake(), std::nullopt);
  wheel.insert(kStart + hours(2), 1);
  EXPECT_EQ(wheel.next_wake(), kStart + hours(2));
  wheel.insert(kStart + microseconds(3'700), 2);
  wheel.insert(kStart + microseconds(3'200), 3);
  EXPECT_EQ(wheel.next_wake(), kStart + microseconds(3'200));
}

TEST(TimingWheel, WhatIsBeyondOneTurnComesWhenDue) {
  TimingWheel<int> wheel(kStart);
  wheel.insert(kStart + hours(5), 7);
  wheel.insert(kStart + seconds(8) + milliseconds(192), 8);
  EXPECT_EQ(due(wheel, kStart + seconds(9)), std::vector{8});
  EXPECT_TRUE(due(wheel, kStart + hours(5) - microseconds(1)).empty());
  EXPECT_EQ(due(wheel, kStart + hours(5)), std::vector{7});
  EXPECT_EQ(wheel.size(), 0U);
}

TEST(TimingWheel, AJumpOverManyTurnsLosesNothing) {
  TimingWheel<int> wheel(kStart);
  for (int i = 0; i < 100; ++i) wheel.insert(kStart + seconds(i), i);
  EXPECT_EQ(due(wheel, kStart + hours(1)).size(), 100U);
  EXPECT_EQ(wheel.next_wake(), std::nullopt);
}

TEST(TimingWheel, WhatIsOverdueAtInsertIsDueAtOnce) {
  TimingWheel<int> wheel(kStart);
  static_cast<void>(due(wheel, kStart + seconds(5)));
  wheel.insert(kStart + seconds(1), 1);
  EXPECT_EQ(wheel.next_wake(), kStart + seconds(1));
  EXPECT_EQ(due(wheel, kStart + seconds(5)), std::vector{1});
}

TEST(TimingWheel, AClockThatStepsBackFiresNothingEarly) {
  TimingWheel<int> wheel(kStart);
  static_cast<void>(due(wheel, kStart + hours(1)));
  wheel.insert(kStart + seconds(10), 1);
  EXPECT_TRUE(due(wheel, kStart + seconds(9)).empty());
  EXPECT_EQ(wheel.next_wake(), kStart + seconds(10));
  EXPECT_EQ(due(wheel, kStart + seconds(10)), std::vector{1});
}

TEST(TimingWheel, AgreesWithASortedListOnRandomSteps) {
  std::mt19937_64 random(42);
  TimingWheel<int> wheel(kStart);
  std::multimap<TimePoint, int> expected;
  TimePoint now = kStart;
  for (int i = 0; i < 20'000; ++i) {
    const auto at = now + microseconds(static_cast<int64_t>(random() % 20'000'000) - 1'000'000);
    wheel.insert(at, i);
    expected.emplace(at, i);
    if (random() % 8 != 0) continue;
    now += microseconds(static_cast<int64_t>(random() % 3'000'000) - (random() % 10 == 0 ? 2'000'000 : 0));
    auto got = due(wheel, now);
    std::vector<int> want;
    while (!expected.empty() && expected.begin()->first <= now) {
      want.push_back(expected.begin()->second);
      expected.erase(expected.begin());
    }
    std::ranges::sort(got);
    std::ranges::sort(want);
    ASSERT_EQ(got, want) << "step " << i;
    ASSERT_EQ(wheel.size(), expected.size());
    if (!expected.empty()) {
      ASSERT_EQ(wheel.next_wake(), expected.begin()->first);
    }
  }
}

}  // namespace
}  // namespace schedules
