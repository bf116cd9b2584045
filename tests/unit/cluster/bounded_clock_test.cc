#include "cluster/bounded_clock.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace schedules {

using namespace std::chrono_literals;

class BoundedClockTest : public ::testing::Test {
 protected:
  void store_says(TimePoint now, Duration round_trip = 0us) {
    clock.store_said(now, own.steady() - round_trip, own.steady());
  }

  testing::ManualClock own;
  BoundedClock clock{own, 500ms};
};

TEST_F(BoundedClockTest, IsTheOwnClockUntilTheStoreIsKnown) { EXPECT_EQ(clock.wall(), own.wall()); }

TEST_F(BoundedClockTest, IsTheOwnClockWithinTheSkew) {
  store_says(own.wall() - 500ms);
  EXPECT_EQ(clock.wall(), own.wall());
}

TEST_F(BoundedClockTest, RunsAheadOfTheStoreByTheSkewAtMost) {
  const TimePoint store = own.wall() - 1h;
  store_says(store);
  EXPECT_EQ(clock.wall(), store + 500ms);
  own.advance(10s);
  EXPECT_EQ(clock.wall(), store + 10s + 500ms);
}

TEST_F(BoundedClockTest, NeverRunsAheadOfTheOwnClock) {
  store_says(own.wall() + 1h);
  EXPECT_EQ(clock.wall(), own.wall());
}

TEST_F(BoundedClockTest, HoldsWhenTheOwnClockIsSteppedForward) {
  store_says(own.wall());
  const TimePoint before = own.wall();
  own.step(1h);
  EXPECT_EQ(clock.wall(), before + 500ms);
  own.step(-2h);
  EXPECT_EQ(clock.wall(), before - 1h);
}

TEST_F(BoundedClockTest, OfALongRoundTripTheEarliestIsTaken) {
  own.step(1h);
  const TimePoint store = own.wall() - 1h;
  store_says(store, 300ms);
  EXPECT_EQ(clock.wall(), store + 500ms);
}

TEST_F(BoundedClockTest, AWorseReadingThatAgreesChangesNothing) {
  own.step(1h);
  const TimePoint store = own.wall() - 1h;
  store_says(store);
  store_says(store - 200ms, 300ms);
  EXPECT_EQ(clock.wall(), store + 500ms);
}

TEST_F(BoundedClockTest, KnowsHowFarTheOwnClockIsAhead) {
  EXPECT_EQ(clock.ahead(), 0s);
  store_says(own.wall() - 2h);
  EXPECT_EQ(clock.ahead(), 2h);
  own.step(-3h);
  EXPECT_EQ(clock.ahead(), -1h);
}

}  // namespace schedules
