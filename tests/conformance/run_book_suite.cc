#include <atomic>
#include <thread>

#include "tests/conformance/schedule_suite.h"

namespace schedules::testing {
namespace {

RunEntry run_of(uint32_t number) {
  return RunEntry{.event = event_id(number),
                  .nominal = at_second(number),
                  .until = at_second(number + 100),
                  .waits = number % 2 == 0};
}

}  // namespace

TEST_P(RunBookTest, WhatWasEnteredIsFound) {
  const auto entered = change("s", [](std::vector<RunEntry>& runs) {
    EXPECT_TRUE(runs.empty());
    runs = {run_of(1), run_of(2)};
  });
  ASSERT_TRUE(entered) << entered.error().detail;
  EXPECT_EQ(*entered, (std::vector{run_of(1), run_of(2)}));
  EXPECT_EQ(look("s"), *entered);
  EXPECT_TRUE(look("another").empty());
}

TEST_P(RunBookTest, WhatWasStruckIsGone) {
  ASSERT_TRUE(change("s", [](std::vector<RunEntry>& runs) { runs = {run_of(1), run_of(2)}; }));
  ASSERT_TRUE(change("s", [](std::vector<RunEntry>& runs) { runs.erase(runs.begin()); }));
  EXPECT_EQ(look("s"), std::vector{run_of(2)});
  ASSERT_TRUE(change("s", [](std::vector<RunEntry>& runs) { runs.clear(); }));
  EXPECT_TRUE(look("s").empty());
  ASSERT_TRUE(change("s", [](std::vector<RunEntry>& runs) { runs = {run_of(3)}; }));
  EXPECT_EQ(look("s"), std::vector{run_of(3)});
}

TEST_P(RunBookTest, OfThoseWhoChangeAtOneTimeEachSeesTheOthers) {
  constexpr uint32_t kThreads = 4;
  constexpr uint32_t kEach = 10;
  std::atomic<uint32_t> failed{0};
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (uint32_t i = 0; i < kEach; ++i) {
        const auto number = 1 + thread * kEach + i;
        if (!change("s", [number](std::vector<RunEntry>& runs) { runs.push_back(run_of(number)); })) ++failed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 0U);
  EXPECT_EQ(look("s").size(), kThreads * kEach);
}

}  // namespace schedules::testing
