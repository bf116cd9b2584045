#include "base/executor.h"

#include <gtest/gtest.h>

namespace schedules {
namespace {

TEST(ThreadExecutor, RunsInOrderAndFinishesBeforeItGoes) {
  std::vector<int> seen;
  {
    const auto executor = thread_executor("test");
    for (int i = 0; i < 1'000; ++i) executor->post([&seen, i] { seen.push_back(i); });
  }
  ASSERT_EQ(seen.size(), 1'000U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST(ThreadExecutor, ATaskMayPostAnother) {
  std::atomic<int> ran = 0;
  {
    const auto executor = thread_executor("test");
    executor->post([&] { executor->post([&] { ++ran; }); });
  }
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace schedules
