#include "trace/step_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/unit/trace/samples.h"

namespace schedules::trace {
namespace {

using namespace std::chrono_literals;
using testing::id_of;
using testing::sample_steps;

// Whoever is not woken comes back late by itself, so that the test ends.
constexpr std::chrono::milliseconds kLong = 20s;
constexpr std::chrono::milliseconds kLonger = 30s;

TEST(StepQueue, GivesStepsInOrderAndNotMoreThanAsked) {
  StepQueue queue(10);
  queue.put(sample_steps(5));
  const auto first = queue.take(3, 0ms);
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(first[2].event, id_of("2"));
  const auto rest = queue.take(3, 0ms);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].event, id_of("3"));
}

TEST(StepQueue, DropsAndCountsWhatDoesNotFit) {
  StepQueue queue(4);
  queue.put(sample_steps(3));
  queue.put(sample_steps(3));
  queue.put(sample_steps(2));
  EXPECT_EQ(queue.dropped(), 4U);
  EXPECT_EQ(queue.take(10, 0ms).size(), 4U);
  queue.put(sample_steps(4));
  EXPECT_EQ(queue.dropped(), 4U) << "there is room again";
}

TEST(StepQueue, AdmitsWhileThereIsRoomAndCountsWhatItRefuses) {
  StepQueue queue(4);
  EXPECT_TRUE(queue.admit(2));
  queue.put(sample_steps(4));
  EXPECT_FALSE(queue.admit(2));
  EXPECT_EQ(queue.dropped(), 2U);
  static_cast<void>(queue.take(1, 0ms));
  EXPECT_TRUE(queue.admit(2));
  EXPECT_EQ(queue.dropped(), 2U);
}

TEST(StepQueue, AFullBatchWakesWhoWaitsForIt) {
  StepQueue queue(100);
  auto taken = std::async(std::launch::async, [&] { return queue.take(8, kLonger); });
  queue.put(sample_steps(5));
  queue.put(sample_steps(5));
  EXPECT_EQ(taken.wait_for(kLong), std::future_status::ready);
  EXPECT_EQ(taken.get().size(), 8U);
}

TEST(StepQueue, ClosedItWakesEverybodyAndGivesWhatIsThere) {
  StepQueue queue(100);
  auto taken = std::async(std::launch::async, [&] { return queue.take(8, kLonger); });
  queue.put(sample_steps(2));
  queue.close();
  EXPECT_EQ(taken.wait_for(kLong), std::future_status::ready);
  EXPECT_EQ(taken.get().size(), 2U);
  EXPECT_TRUE(queue.closed_within(60s));
  EXPECT_TRUE(queue.ended());
}

TEST(StepQueue, ClosedItTakesNothingMore) {
  StepQueue queue(100);
  queue.put(sample_steps(1));
  queue.close();
  queue.put(sample_steps(2));
  EXPECT_EQ(queue.dropped(), 2U);
  EXPECT_FALSE(queue.ended());
  EXPECT_EQ(queue.take(8, 60s).size(), 1U);
  EXPECT_TRUE(queue.ended());
}

TEST(StepQueue, NothingIsLostBetweenManyThreads) {
  StepQueue queue(5'000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) queue.put(sample_steps(7));
    });
  }
  size_t taken = 0;
  std::thread taking([&] {
    while (!queue.ended()) taken += queue.take(64, 1ms).size();
  });
  for (auto& thread : threads) thread.join();
  queue.close();
  taking.join();
  EXPECT_EQ(taken + queue.dropped(), 4U * 500 * 7);
}

}  // namespace
}  // namespace schedules::trace
