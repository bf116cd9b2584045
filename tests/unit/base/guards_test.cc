// A build without a guard is a control; what is tested and shipped has them all.
#include "base/guards.h"

#include <gtest/gtest.h>

namespace schedules {
namespace {

TEST(Guards, EveryOneIsOnUnlessABuildTakesItOut) {
  EXPECT_TRUE(guards::kEarly);
  EXPECT_TRUE(guards::kFencing);
  EXPECT_TRUE(guards::kPutIfAbsent);
}

}  // namespace
}  // namespace schedules
