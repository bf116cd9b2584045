#include "app/housekeeping.h"

#include <gtest/gtest.h>

#include <future>

namespace schedules::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(HousekeepingTest, WhatIsAskedForIsDoneOnceAfterItsWait) {
  Housekeeping housekeeping;
  housekeeping.every(std::chrono::hours(1), [] {});
  housekeeping.start();
  std::promise<steady_clock::time_point> done;
  const auto asked = steady_clock::now();
  housekeeping.after(milliseconds(20), [&] { done.set_value(steady_clock::now()); });  // a second time would throw
  auto at = done.get_future();
  ASSERT_EQ(at.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_GE(at.get() - asked, milliseconds(20));
  std::promise<void> later;
  housekeeping.after(milliseconds(40), [&] { later.set_value(); });
  EXPECT_EQ(later.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  housekeeping.stop();  // before what its work refers to goes
}

TEST(HousekeepingTest, WorkMayAskForMore) {
  Housekeeping housekeeping;
  std::promise<void> done;
  int left = 3;
  std::function<void()> work = [&] { --left == 0 ? done.set_value() : housekeeping.after(milliseconds(1), work); };
  housekeeping.after(milliseconds(0), work);
  housekeeping.start();  // what was asked for before is not forgotten
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  housekeeping.stop();
}

TEST(HousekeepingTest, AStopForgetsWhatIsLeft) {
  bool ran = false;
  Housekeeping housekeeping;
  housekeeping.start();
  housekeeping.after(std::chrono::hours(1), [&] { ran = true; });
  housekeeping.stop();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace schedules::testing
