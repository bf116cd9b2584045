#include "cluster/leases.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace schedules {

using namespace std::chrono_literals;

class LeasesTest : public ::testing::Test {
 protected:
  SteadyPoint in(Duration time) const { return clock.steady() + time; }
  static LeaseState lease(uint64_t epoch, std::string store = "") {
    return {.ours = true, .owner = "node", .epoch = epoch, .remaining = 3s, .before = "", .store = std::move(store)};
  }
  void hold(uint32_t shard, uint64_t epoch, Duration time = 2s) {
    leases.granted(shard, lease(epoch), in(time));
    leases.taken_over(shard, epoch);
  }

  testing::ManualClock clock;
  Leases leases{clock};
};

TEST_F(LeasesTest, AGrantCountsOnlyOnceItsShardIsTakenOver) {
  leases.granted(3, lease(7), in(2s));
  EXPECT_FALSE(leases.epoch_of(3));
  EXPECT_TRUE(leases.held().empty());
  EXPECT_TRUE(leases.taken_over(3, 7));
  EXPECT_EQ(leases.epoch_of(3), 7U);
  EXPECT_EQ(leases.held(), (std::vector<ShardLease>{{3, 7}}));
}

TEST_F(LeasesTest, TakingOverUnderAnEpochThatHasGoneDoesNotCount) {
  leases.granted(3, lease(7), in(2s));
  leases.granted(3, lease(8), in(2s));
  EXPECT_FALSE(leases.taken_over(3, 7));
  EXPECT_FALSE(leases.epoch_of(3));
}

TEST_F(LeasesTest, ALeaseEndsByItsOwnClock) {
  hold(3, 7);
  clock.advance(2s - 1us);
  EXPECT_EQ(leases.epoch_of(3), 7U);
  clock.advance(1us);
  EXPECT_FALSE(leases.epoch_of(3));
  EXPECT_TRUE(leases.held().empty());
}

TEST_F(LeasesTest, ARenewalCarriesOn) {
  hold(3, 7);
  clock.advance(1s);
  leases.renewed(3, lease(7), in(2s));
  clock.advance(1500ms);
  EXPECT_EQ(leases.epoch_of(3), 7U);
}

// What has once been told to be ended must not come back under the same epoch: the engine has let go of what it had begun.
TEST_F(LeasesTest, ARenewalThatComesAfterTheEndIsTooLate) {
  hold(3, 7);
  clock.advance(2s);
  leases.renewed(3, lease(7), in(2s));
  EXPECT_FALSE(leases.epoch_of(3));
  EXPECT_FALSE(leases.of(3));
}

// It may have lost what was done since the grant, or the undoing of what was done before it.
TEST_F(LeasesTest, ARenewalByAnotherStoreEndsIt) {
  leases.granted(3, lease(7, "one"), in(2s));
  leases.taken_over(3, 7);
  EXPECT_TRUE(leases.renewed(3, lease(7, "one"), in(2s)));
  EXPECT_FALSE(leases.renewed(3, lease(7, "its replica"), in(2s)));
  EXPECT_FALSE(leases.epoch_of(3));
}

TEST_F(LeasesTest, ARenewalNeverShortens) {
  hold(3, 7);
  leases.renewed(3, lease(7), in(1s));
  clock.advance(1500ms);
  EXPECT_EQ(leases.epoch_of(3), 7U);
}

TEST_F(LeasesTest, AShardThatLeavesIsFinishedButNotBegun) {
  hold(3, 7);
  hold(4, 9);
  leases.leave(3);
  EXPECT_EQ(leases.epoch_of(3), 7U);
  EXPECT_EQ(leases.held(), (std::vector<ShardLease>{{4, 9}}));
  leases.stay(3);
  EXPECT_EQ(leases.held().size(), 2U);
}

TEST_F(LeasesTest, DroppingNamesTheEpoch) {
  hold(3, 7);
  leases.drop(3, 6);
  EXPECT_EQ(leases.epoch_of(3), 7U);
  leases.drop(3, 7);
  EXPECT_FALSE(leases.epoch_of(3));
}

}  // namespace schedules
