// From where the next owner of a shard has to read.
#include <gtest/gtest.h>

#include "sink/kafka/unsettled.h"

namespace schedules {
namespace {

TEST(Unsettled, TheOldestThatIsNotSettledDecides) {
  Unsettled unsettled;
  unsettled.begin_at(10);
  EXPECT_EQ(unsettled.from(), 10);
  unsettled.add(derived_id("a"), 12);
  unsettled.add(derived_id("b"), 14);
  EXPECT_EQ(unsettled.from(), 12);
  unsettled.settled(derived_id("b"));
  EXPECT_EQ(unsettled.from(), 12) << "an older one is open";
  unsettled.settled(derived_id("a"));
  EXPECT_EQ(unsettled.from(), 15);
  unsettled.settled(derived_id("unknown"));
  EXPECT_EQ(unsettled.from(), 15);
}

TEST(Unsettled, OneThatIsAddedAgainMoves) {
  Unsettled unsettled;
  unsettled.begin_at(0);
  unsettled.add(derived_id("a"), 3);
  unsettled.add(derived_id("a"), 8);
  EXPECT_EQ(unsettled.offset_of(derived_id("a")), 8);
  EXPECT_EQ(unsettled.from(), 8);
  unsettled.begin_at(20);
  EXPECT_FALSE(unsettled.offset_of(derived_id("a")));
  EXPECT_EQ(unsettled.from(), 20);
}

}  // namespace
}  // namespace schedules
