#include "alerting/watch.h"

#include <gtest/gtest.h>

#include "tests/unit/alerting/fakes.h"

namespace schedules::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using enum AlertKind;

struct WatchTest : ::testing::Test {
  AlertWorld world;
  Watch watch = another();
  AlertRule rule{.url = "https://example.com/hook", .grace = minutes(5), .reminder = seconds(0)};

  Watch another() {
    return Watch({.alerts = world, .executions = world, .schedules = world, .clock = world.clock}, false);
  }
  Watch::Open look() { return watch.look(rule).value(); }
  void pass(Duration time) { world.clock.advance(time); }
  /// Looks for so long, each half a minute.
  void look_for(Duration time) {
    for (Duration gone{}; gone < time; gone += seconds(30)) {
      look();
      pass(seconds(30));
    }
    look();
  }
};

TEST_F(WatchTest, FailedRunsInARowOpenOneAlert) {
  auto& schedule = world.schedule();
  rule.after_failures = 2;
  world.dies(schedule);
  EXPECT_EQ(look().failure, 0U);
  pass(minutes(1));
  const auto first = world.runs.back().executed_at;
  world.dies(schedule);
  EXPECT_EQ(look().failure, 1U);
  const auto& alert = *world.alert(failure);
  EXPECT_EQ(alert.news, AlertNews::opened);
  EXPECT_EQ(alert.since, first);
  EXPECT_EQ(alert.failures, 2U);
  EXPECT_EQ(alert.error, "error 2");
}

TEST_F(WatchTest, FurtherFailuresAreNoNews) {
  auto& schedule = world.schedule();
  world.dies(schedule);
  look();
  world.stored.at({"a", failure}).news = AlertNews::none;
  world.stored.at({"a", failure}).told_at = world.clock.wall();
  pass(minutes(1));
  world.dies(schedule);
  look();
  EXPECT_EQ(world.alert(failure)->news, AlertNews::none);
  EXPECT_EQ(world.alert(failure)->failures, 2U);
}

TEST_F(WatchTest, AnAttemptThatWillBeRepeatedIsNoFailure) {
  auto& schedule = world.schedule();
  world.run(schedule, RunStatus::failure, State::pending);
  EXPECT_EQ(look().failure, 0U);
}

TEST_F(WatchTest, ASuccessEndsIt) {
  auto& schedule = world.schedule();
  world.dies(schedule);
  look();
  pass(minutes(1));
  world.succeeds(schedule);
  EXPECT_EQ(look().failure, 0U);
  EXPECT_EQ(world.alert(failure)->reason, "success");
  EXPECT_EQ(world.alert(failure)->news, AlertNews::recovered);
}

TEST_F(WatchTest, WhatWasOverAndToldOpensAgain) {
  auto& schedule = world.schedule();
  world.dies(schedule);
  look();
  pass(minutes(1));
  world.succeeds(schedule);
  look();
  world.stored.at({"a", failure}).news = AlertNews::none;
  pass(minutes(1));
  world.dies(schedule);
  EXPECT_EQ(look().failure, 1U);
  EXPECT_TRUE(world.open(failure));
  EXPECT_EQ(world.alert(failure)->news, AlertNews::opened);
}

TEST_F(WatchTest, ASkippedRunEndsNothing) {
  auto& schedule = world.schedule();
  world.dies(schedule);
  look();
  pass(minutes(1));
  world.run(schedule, RunStatus::skipped, State::skipped);
  EXPECT_EQ(look().failure, 1U);
}

TEST_F(WatchTest, WhereCompletionsAreAwaitedOnlyTheyCount) {
  auto& schedule = world.schedule();
  schedule.ack = Ack::required;
  world.run(schedule, RunStatus::success, State::fired, "", 1);
  world.run(schedule, RunStatus::failure, State::fired, "completed", 1);
  EXPECT_EQ(look().failure, 1U);
  pass(minutes(1));
  world.run(schedule, RunStatus::success, State::fired, "", 2);
  EXPECT_EQ(look().failure, 1U) << "published only";
  world.run(schedule, RunStatus::success, State::fired, "completed", 2);
  EXPECT_EQ(look().failure, 0U);
}

TEST_F(WatchTest, ARunThatDoesNotComeIsSilenceAfterItsGrace) {
  auto& schedule = world.schedule();
  look();
  pass(minutes(10));
  world.succeeds(schedule);
  const auto due = world.clock.wall() + minutes(1);
  look_for(minutes(5));
  EXPECT_FALSE(world.open(silence));
  look_for(minutes(2));
  ASSERT_TRUE(world.open(silence));
  EXPECT_EQ(world.alert(silence)->since, due);
  world.succeeds(schedule);
  look();
  EXPECT_EQ(world.alert(silence)->reason, "success");
}

TEST_F(WatchTest, AfterAStopTheGraceBeginsWithTheFirstLook) {
  world.schedule();
  EXPECT_EQ(look().silence, 0U) << "it has not succeeded for a day";
  look_for(minutes(6));
  EXPECT_TRUE(world.open(silence));
  // Another node leads now, which knows nothing: what is open stays so.
  auto other = another();
  EXPECT_EQ(other.look(rule)->silence, 1U);
}

TEST_F(WatchTest, AnEditBeginsAnew) {
  auto& schedule = world.schedule();
  look_for(minutes(6));
  ASSERT_TRUE(world.open(silence));
  schedule.updated_at = world.clock.wall();
  ++schedule.revision;
  look();
  EXPECT_EQ(world.alert(silence)->reason, "edited");
}

TEST_F(WatchTest, WhatFailsIsNotCalledSilentAsWell) {
  auto& schedule = world.schedule();
  world.dies(schedule);
  look_for(minutes(20));
  EXPECT_TRUE(world.open(failure));
  EXPECT_EQ(world.alert(silence), nullptr);
}

TEST_F(WatchTest, FailuresThatAreTooFewAreStillNoSuccess) {
  auto& schedule = world.schedule();
  rule.after_failures = 5;
  world.succeeds(schedule);
  pass(minutes(1));
  world.dies(schedule);
  look_for(minutes(7));
  EXPECT_FALSE(world.open(failure));
  EXPECT_TRUE(world.open(silence));
}

TEST_F(WatchTest, ThePausedAreNotWatchedAndWhatIsOpenOfThemEnds) {
  for (const std::string id : {"a", "b", "c"}) world.dies(world.schedule(id));
  EXPECT_EQ(look().failure, 3U);
  world.all.at("a").status = ScheduleStatus::paused;
  world.all.erase("b");
  EXPECT_EQ(look().failure, 1U);
  EXPECT_EQ(world.alert(failure, "a")->reason, "paused");
  EXPECT_EQ(world.alert(failure, "b")->reason, "deleted");
}

TEST_F(WatchTest, ASingleRunThatFailedIsWatchedThoughItIsOver) {
  auto& schedule = world.schedule();
  world.dies(schedule);
  schedule.status = ScheduleStatus::completed;
  EXPECT_EQ(look().failure, 1U);
  pass(minutes(1));
  world.succeeds(schedule);  // run again by hand
  EXPECT_EQ(look().failure, 0U);
  EXPECT_EQ(world.alert(failure)->reason, "success");
}

TEST_F(WatchTest, AScheduleSaysWhatIsWatchedOfIt) {
  auto& schedule = world.schedule();
  schedule.alerts.on = AlertKinds{.failure = false, .silence = true};
  schedule.alerts.grace = minutes(1);
  world.dies(schedule);
  look_for(minutes(3));
  EXPECT_EQ(world.alert(failure), nullptr);
  EXPECT_TRUE(world.open(silence));
  schedule.alerts.on = AlertKinds{};
  look();
  EXPECT_EQ(world.alert(silence)->reason, "not_watched");
}

TEST_F(WatchTest, ItIsToldAgainAfterTheReminder) {
  auto& schedule = world.schedule();
  rule.reminder = minutes(30);
  world.dies(schedule);
  look();
  auto& alert = world.stored.at({"a", failure});
  alert.news = AlertNews::none;
  alert.told_at = world.clock.wall();
  look_for(minutes(29));
  EXPECT_EQ(alert.news, AlertNews::none);
  look_for(minutes(2));
  EXPECT_EQ(alert.news, AlertNews::reminder);
}

TEST_F(WatchTest, WithoutAnAddressNobodyIsToldUntilThereIsOne) {
  auto& schedule = world.schedule();
  rule.url = "";
  world.dies(schedule);
  EXPECT_EQ(look().failure, 1U);
  EXPECT_EQ(world.alert(failure)->news, AlertNews::none);
  rule.url = "https://example.com/late";
  look();
  EXPECT_EQ(world.alert(failure)->news, AlertNews::opened);
  EXPECT_EQ(world.alert(failure)->url, "https://example.com/late");
}

TEST_F(WatchTest, ExecutionsAreReadOnlyWhereCountersDoNotSayIt) {
  for (int i = 0; i < 250; ++i) world.succeeds(world.schedule(fmt::format("{:03}", i)));
  look();
  EXPECT_EQ(world.searches, 0U);
  world.dies(world.all.at("007"));
  pass(minutes(1));
  look();
  look();
  EXPECT_EQ(world.searches, 1U);
}

}  // namespace
}  // namespace schedules::testing
