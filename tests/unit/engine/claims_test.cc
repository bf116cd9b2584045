#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class ClaimsTest : public EngineFixture {
 protected:
  Result<Claim> claim(EventId id, seconds lease = seconds(60), const std::string& who = "worker-1") {
    std::optional<Result<Claim>> answer;
    engine->claims().claim(id, who, lease, [&](Result<Claim> got) { answer = std::move(got); });
    engine->tick();
    return answer.value();
  }
  Result<State> complete(EventId id, WorkDone work = {}) {
    std::optional<Result<State>> answer;
    engine->claims().complete(id, std::move(work), [&](Result<State> got) { answer = std::move(got); });
    engine->tick();
    return answer.value();
  }
  bool drop(EventId id) {
    std::optional<Result<bool>> answer;
    engine->claims().drop(id, [&](Result<bool> got) { answer = std::move(got); });
    engine->tick();
    return answer->value();
  }
  EventId pending(Duration in, uint32_t max_retries = 3) {
    Event one = event("a", in);
    one.max_retries = max_retries;
    return accept(std::move(one)).stored.event.id;
  }
};

template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::internal : result.error().code;
}

TEST_F(ClaimsTest, AClaimedEventDoesNotFire) {
  const auto id = pending(seconds(2));
  const auto made = claim(id);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->processor, "worker-1");
  EXPECT_EQ(made->until - made->at, Duration(seconds(60)));
  EXPECT_EQ(engine->claims().find(id)->processor, "worker-1");
  run_for(seconds(30));
  EXPECT_TRUE(sink.delivered.empty());
}

TEST_F(ClaimsTest, OneClaimAtATime) {
  const auto id = pending(seconds(2));
  ASSERT_TRUE(claim(id));
  EXPECT_EQ(code_of(claim(id)), Code::conflict);
  EXPECT_EQ(code_of(claim(id, seconds(60), "other")), Code::conflict);
}

TEST_F(ClaimsTest, UnknownFarAndFinishedCannotBeClaimed) {
  EXPECT_EQ(code_of(claim(derived_id("nothing"))), Code::conflict);
  EXPECT_EQ(code_of(claim(pending(hours(72)))), Code::conflict);
  const auto fired = pending(seconds(0));
  EXPECT_EQ(code_of(claim(fired)), Code::conflict);
}

TEST_F(ClaimsTest, ALapsedClaimIsFiredByTheEngine) {
  const auto id = pending(seconds(2));
  ASSERT_TRUE(claim(id));
  run_for(seconds(59));
  EXPECT_TRUE(sink.delivered.empty());
  run_for(seconds(2));
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(sink.delivered[0].event.attempt, 0U);
  EXPECT_EQ(state_of(id), State::fired);
  EXPECT_FALSE(engine->claims().find(id));
}

TEST_F(ClaimsTest, ALapsedClaimOfALaterEventKeepsItsDueTime) {
  const auto id = pending(seconds(90));
  const TimePoint due = events.look(id)->event.due_at;
  ASSERT_TRUE(claim(id, seconds(10)));
  run_for(seconds(100));
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_GE(sink.delivered[0].fired_at, due);
  EXPECT_LT(sink.delivered[0].fired_at, due + seconds(1));
}

TEST_F(ClaimsTest, SuccessIsFiredWithARecord) {
  const auto id = pending(seconds(2));
  ASSERT_TRUE(claim(id));
  run_for(seconds(5));
  EXPECT_EQ(*complete(id), State::fired);
  EXPECT_EQ(state_of(id), State::fired);
  ASSERT_EQ(log.kept.size(), 1U);
  EXPECT_EQ(log.kept[0].sink, "worker");
  EXPECT_EQ(log.kept[0].position, "worker-1");
  EXPECT_EQ(log.kept[0].status, RunStatus::success);
  EXPECT_GE(log.kept[0].executed_at, log.kept[0].due_at) << "work before the due time is not late";
  run_for(seconds(120));
  EXPECT_TRUE(sink.delivered.empty());
  EXPECT_EQ(*complete(id), State::fired) << "a repeat answers as the first";
  EXPECT_EQ(code_of(complete(id, {.success = false})), Code::conflict);
}

TEST_F(ClaimsTest, FailureWaitsForARetryThenDies) {
  const auto id = pending(seconds(2), 1);
  ASSERT_TRUE(claim(id));
  EXPECT_EQ(*complete(id, {.success = false, .error = "no paper"}), State::pending);
  const auto* stored = events.look(id);
  EXPECT_EQ(stored->event.attempt, 1U);
  EXPECT_EQ(stored->event.attempts.at(0).error, "no paper");
  EXPECT_GE(stored->event.fire_at, stored->event.due_at);
  ASSERT_TRUE(claim(id));
  EXPECT_EQ(*complete(id, {.success = false, .error = "no ink"}), State::dead);
  EXPECT_EQ(state_of(id), State::dead);
  EXPECT_EQ(schedules.letters.size(), 1U);
  EXPECT_EQ(log.kept.back().error, "no ink");
}

TEST_F(ClaimsTest, CompletesWithoutAClaim) {
  const auto id = pending(seconds(2));
  EXPECT_EQ(*complete(id), State::fired);
  run_for(seconds(10));
  EXPECT_TRUE(sink.delivered.empty());
}

TEST_F(ClaimsTest, WhatIsNotWaitingCannotBeCompleted) {
  EXPECT_EQ(code_of(complete(derived_id("nothing"))), Code::not_found);
  sink.hold = true;
  const auto under_way = pending(seconds(0));
  EXPECT_EQ(code_of(complete(under_way)), Code::conflict);
  sink.let_go();
  engine->tick();
  EXPECT_EQ(code_of(complete(under_way)), Code::conflict) << "the engine fired it, not the worker";
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(ClaimsTest, CancelSaysInFlightAndDropCancels) {
  const auto id = pending(seconds(2));
  ASSERT_TRUE(claim(id));
  std::optional<ChangeAnswer> answer;
  engine->events().cancel(id, {}, milliseconds(0), [&](Result<ChangeAnswer> got) { answer = std::move(got.value()); });
  engine->tick();
  EXPECT_EQ(answer->result, ChangeResult::in_flight);
  EXPECT_TRUE(drop(id));
  EXPECT_EQ(state_of(id), State::cancelled);
  EXPECT_FALSE(drop(id));
  run_for(seconds(120));
  EXPECT_TRUE(sink.delivered.empty());
}

TEST_F(ClaimsTest, AStopGivesBackUntilTheLeaseWouldHaveEnded) {
  const auto id = pending(seconds(2));
  ASSERT_TRUE(claim(id));
  const TimePoint until = engine->claims().find(id)->until;
  engine->drain();
  engine->tick();
  EXPECT_TRUE(engine->drained());
  EXPECT_EQ(events.look(id)->event.fire_at, until);
  restart();
  EXPECT_EQ(*complete(id), State::fired) << "the worker's answer still counts after a restart";
}

TEST_F(ClaimsTest, ACrashGivesBackAtOnce) {
  const auto id = pending(seconds(2));
  ASSERT_TRUE(claim(id));
  restart();
  run_for(seconds(3));
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(ClaimsTest, AnOccurrenceOfAnEditedScheduleIsNoWork) {
  Schedule schedule;
  schedule.name = "s";
  schedule.event_type = "report";
  schedule.event_action = "make";
  schedule.every = seconds(60);
  std::string made;
  engine->schedules().create(schedule, [&](const Result<Schedule>& created) { made = created->id; });
  engine->tick();
  Event stale = event("t", seconds(5));
  stale.schedule_id = made;
  stale.schedule_revision = 77;
  const auto id = accept(std::move(stale)).stored.event.id;
  EXPECT_EQ(code_of(claim(id)), Code::conflict);
  run_for(seconds(10));
  EXPECT_EQ(state_of(id), State::skipped);
  EXPECT_EQ(events.look(id)->outcome.reason, "superseded");
}

TEST_F(ClaimsTest, SingleFarEventsMoveNear) {
  const auto far = pending(hours(72));
  const auto near = pending(hours(1));
  ASSERT_EQ(events.look(far)->tier, Tier::far);
  std::vector<bool> moved;
  engine->transfer_now({far, near, derived_id("nothing")}, [&](Result<std::vector<bool>> got) { moved = got.value(); });
  engine->tick();
  EXPECT_EQ(moved, (std::vector<bool>{true, false, false}));
  EXPECT_EQ(events.look(far)->tier, Tier::near);
  EXPECT_EQ(state_of(far), State::pending);
  run_for(hours(73));
  EXPECT_EQ(sink.delivered.size(), 2U);
}

}  // namespace
}  // namespace schedules::testing
