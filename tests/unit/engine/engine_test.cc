#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

using EngineTest = EngineFixture;

TEST_F(EngineTest, FiresAtItsTimeToTheMicrosecond) {
  const auto id = accept(event("a", milliseconds(3))).stored.event.id;
  run_for(microseconds(2'999));
  EXPECT_TRUE(sink.delivered.empty());
  run_for(microseconds(1));
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(sink.delivered[0].fired_at, sink.delivered[0].event.due_at);
  EXPECT_EQ(state_of(id), State::fired);
}

TEST_F(EngineTest, TickNamesTheVeryInstantOfTheNextEvent) {
  accept(event("a", microseconds(1'234'567)));
  EXPECT_EQ(engine->tick(), clock.wall() + microseconds(1'234'567));
}

TEST_F(EngineTest, IdleEngineSleeps) { EXPECT_GE(engine->tick() - clock.wall(), seconds(59)); }

TEST_F(EngineTest, EventBeyondTheWindowFiresInTime) {
  accept(event("a", hours(3)));
  run_for(hours(3) - microseconds(1));
  EXPECT_TRUE(sink.delivered.empty());
  run_for(microseconds(1));
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(sink.delivered[0].fired_at, sink.delivered[0].event.due_at);
}

TEST_F(EngineTest, ASteadyStreamReadsTheWindowSeldom) {
  for (int i = 0; i < 1'000; ++i) {
    accept(event("a", milliseconds(5'500)));
    run_for(milliseconds(10));
  }
  EXPECT_LT(events.window_reads, 10U);
  run_for(seconds(6));
  EXPECT_EQ(sink.delivered.size(), 1'000U);
}

TEST_F(EngineTest, FarEventIsTransferredAndFires) {
  const auto accepted = accept(event("a", hours(30)));
  EXPECT_EQ(accepted.stored.tier, Tier::far);
  run_for(hours(29));
  EXPECT_EQ(events.look(accepted.stored.event.id)->tier, Tier::near);
  run_for(hours(1));
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(sink.delivered[0].fired_at, sink.delivered[0].event.due_at);
}

TEST_F(EngineTest, WhatWasDueWhileDownFiresAfterARestart) {
  accept(event("a", seconds(10)));
  accept(event("b", seconds(20)));
  clock.advance(seconds(15));
  restart();
  EXPECT_EQ(topics(), std::vector<std::string>{"a"});
  run_for(seconds(5));
  EXPECT_EQ(topics(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(EngineTest, InFlightAtAKillIsDeliveredAgain) {
  sink.hold = true;
  accept(event("a", seconds(0)));
  EXPECT_EQ(sink.delivered.size(), 1U);
  sink.hold = false;
  sink.held.clear();
  restart();
  ASSERT_EQ(sink.delivered.size(), 2U);
  EXPECT_EQ(sink.delivered[0].event.id, sink.delivered[1].event.id);
}

TEST_F(EngineTest, PastDueIsFiredAtOnceAndSaidToBeLate) {
  const auto accepted = accept(event("a", -minutes(5)));
  EXPECT_TRUE(accepted.late);
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(EngineTest, PastDueBeyondMaxDelayIsRefused) {
  auto late = event("a", -minutes(5));
  late.max_delay = seconds(60);
  const auto accepted = accept(late);
  ASSERT_TRUE(accepted.error);
  EXPECT_EQ(accepted.error->code, Code::expired);
  EXPECT_EQ(events.waiting(), 0U);
}

TEST_F(EngineTest, TooLateAfterDowntimeIsSkippedWithItsReason) {
  auto one = event("a", seconds(10));
  one.max_delay = seconds(60);
  const auto id = accept(one).stored.event.id;
  clock.advance(minutes(5));
  restart();
  EXPECT_TRUE(sink.delivered.empty());
  EXPECT_EQ(state_of(id), State::skipped);
  ASSERT_EQ(log.kept.size(), 1U);
  EXPECT_EQ(log.kept[0].reason, "expired");
}

TEST_F(EngineTest, FailedDeliveryIsTriedAgainWithGrowingDelay) {
  sink.script = {{.verdict = Verdict::retry, .error = "refused"}, {.verdict = Verdict::retry, .error = "refused"}};
  auto one = event("a", seconds(0));
  one.retry_delay = seconds(60);
  const auto id = accept(one).stored.event.id;
  EXPECT_EQ(state_of(id), State::pending);
  const auto first_retry = events.look(id)->event.fire_at;
  EXPECT_LE(first_retry - clock.wall(), seconds(60));
  run_for(seconds(60));
  EXPECT_EQ(sink.delivered.size(), 2U);
  EXPECT_LE(events.look(id)->event.fire_at - clock.wall(), seconds(120));
  run_for(seconds(120));
  ASSERT_EQ(sink.delivered.size(), 3U);
  EXPECT_EQ(sink.delivered[2].event.attempt, 2U);
  EXPECT_EQ(sink.delivered[2].event.attempts.size(), 2U);
  EXPECT_EQ(state_of(id), State::fired);
}

TEST_F(EngineTest, RetryAfterIsALowerBound) {
  sink.script = {{.verdict = Verdict::retry, .error = "slow down", .retry_after = seconds(300)}};
  const auto id = accept(event("a", seconds(0))).stored.event.id;
  EXPECT_GE(events.look(id)->event.fire_at - clock.wall(), seconds(300));
}

TEST_F(EngineTest, UsedUpRetriesMakeADeadLetter) {
  sink.script = {{.verdict = Verdict::retry, .error = "one"}, {.verdict = Verdict::retry, .error = "two"}};
  auto one = event("a", seconds(0));
  one.max_retries = 1;
  one.body = R"({"x":1})";
  const auto id = accept(one).stored.event.id;
  run_for(minutes(2));
  EXPECT_EQ(state_of(id), State::dead);
  ASSERT_TRUE(schedules.letters.contains(id));
  const auto& letter = schedules.letters.at(id);
  EXPECT_EQ(letter.reason, "retries_exhausted");
  EXPECT_EQ(letter.event.body, R"({"x":1})");
  ASSERT_EQ(letter.event.attempts.size(), 2U);
  EXPECT_EQ(letter.event.attempts[1].error, "two");
}

TEST_F(EngineTest, RejectedIsDeadAtOnce) {
  sink.script = {{.verdict = Verdict::rejected, .error = "HTTP 400"}};
  const auto id = accept(event("a", seconds(0))).stored.event.id;
  EXPECT_EQ(state_of(id), State::dead);
  EXPECT_EQ(schedules.letters.at(id).reason, "rejected");
}

TEST_F(EngineTest, RedrivenLetterFiresUnderItsId) {
  sink.script = {{.verdict = Verdict::rejected, .error = "HTTP 400"}};
  const auto id = accept(event("a", seconds(0))).stored.event.id;
  engine->redrive(schedules.letters.at(id), {}, [](const Result<Accepted>& accepted) { ASSERT_TRUE(accepted); });
  run_for(seconds(1));
  EXPECT_EQ(state_of(id), State::fired);
  EXPECT_TRUE(schedules.letters.empty());
  EXPECT_EQ(sink.delivered.back().event.attempt, 0U);
}

TEST_F(EngineTest, HigherPriorityGoesFirstAmongWhatWaits) {
  for (const int priority : {0, -9, 9, 3}) {
    auto one = event(fmt::format("p{}", priority), seconds(1));
    one.priority = static_cast<int8_t>(priority);
    accept(one);
  }
  run_for(seconds(1));
  EXPECT_EQ(topics(), (std::vector<std::string>{"p9", "p3", "p0", "p-9"}));
}

TEST_F(EngineTest, LowPriorityIsNotStarved) {
  auto old = event("old", -seconds(40));
  old.priority = -3;
  log.room = false;  // nothing begins while both come in
  accept(old);
  auto fresh = event("fresh", seconds(0));
  fresh.priority = 3;
  accept(fresh);
  log.room = true;
  engine->tick();
  EXPECT_EQ(topics(), (std::vector<std::string>{"old", "fresh"}));
}

TEST_F(EngineTest, SameInstantKeepsAcceptOrder) {
  for (int i = 0; i < 50; ++i) accept(event(std::to_string(i), seconds(2) - microseconds(0)));
  run_for(seconds(2));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sink.delivered.at(static_cast<size_t>(i)).event.topic, std::to_string(i));
}

TEST_F(EngineTest, OpenBreakerKeepsEventsWithoutUsingAttempts) {
  for (int i = 0; i < 30; ++i) sink.script.push_back({.verdict = Verdict::retry, .error = "down"});
  options.begin_batch = 1;
  restart();
  for (int i = 0; i < 30; ++i) accept(event("fail", seconds(0)));
  const size_t tried = sink.delivered.size();
  EXPECT_LT(tried, 30U);
  sink.script.clear();
  const auto id = accept(event("later", seconds(0))).stored.event.id;
  EXPECT_EQ(events.look(id)->event.attempt, 0U);
  EXPECT_EQ(state_of(id), State::pending);
  run_for(minutes(10));
  EXPECT_EQ(state_of(id), State::fired);
  EXPECT_EQ(events.waiting(), 0U);
}

TEST_F(EngineTest, ADeadTargetDoesNotHoldUpAnother) {
  sink.hold = true;
  options.begin_batch = 10;
  restart();
  for (int i = 0; i < 5'000; ++i) {
    auto one = event("stuck", seconds(1));
    one.target.url = "http://stuck";
    accept(one);
  }
  sink.hold = true;
  run_for(seconds(2));
  sink.hold = false;
  accept(event("other", seconds(0)));
  EXPECT_EQ(topics().back(), "other");
}

TEST_F(EngineTest, AClockSteppedBackFiresNothingEarly) {
  accept(event("a", seconds(2)));
  run_for(seconds(1));
  clock.step(-hours(1));
  engine->look_again();
  run_for(hours(1));
  EXPECT_TRUE(sink.delivered.empty());
  run_for(seconds(1));
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(EngineTest, AClockSteppedForwardFiresWhatBecameDue) {
  accept(event("a", hours(2)));
  engine->tick();
  clock.step(hours(3));
  engine->look_again();
  engine->tick();
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(EngineTest, BacklogBeyondTheWindowLimitIsDrainedByRank) {
  options.window_limit = 10;
  options.in_flight_limit = 4;
  log.room = false;
  restart();
  for (int i = 0; i < 200; ++i) {
    auto one = event(i == 199 ? "urgent" : "bulk", -seconds(1));
    one.priority = i == 199 ? 9 : 0;
    accept(one);
  }
  log.room = true;
  restart();
  run_for(seconds(1));
  EXPECT_EQ(sink.delivered.size(), 200U);
  EXPECT_EQ(topics().front(), "urgent");
}

TEST_F(EngineTest, DrainGivesBackWhatIsNotPublished) {
  sink.hold = true;
  accept(event("a", seconds(0)));
  engine->drain();
  engine->tick();
  EXPECT_FALSE(engine->drained());
  sink.let_go();
  engine->tick();
  EXPECT_TRUE(engine->drained());
}

TEST_F(EngineTest, NothingIsAcceptedWhileStopping) {
  engine->drain();
  std::optional<Code> code;
  engine->events().accept({event("a", seconds(0))}, {},
                          [&](const Result<std::vector<Accepted>>& accepted) { code = accepted.error().code; });
  EXPECT_EQ(code, Code::shutting_down);
}

TEST_F(EngineTest, ATargetGetsNoMoreThanItsRate) {
  engine->reconfigure([](EngineOptions& changed) { changed.target_rate = 10; });
  for (int i = 0; i < 45; ++i) accept(event("t", std::chrono::seconds(1)));
  run_for(std::chrono::milliseconds(1'500));
  EXPECT_LE(sink.delivered.size(), 16U);
  EXPECT_GE(sink.delivered.size(), 10U);
  run_for(std::chrono::seconds(2));
  EXPECT_LE(sink.delivered.size(), 36U);
  run_for(std::chrono::seconds(5));
  EXPECT_EQ(sink.delivered.size(), 45U);
}

}  // namespace
}  // namespace schedules::testing
