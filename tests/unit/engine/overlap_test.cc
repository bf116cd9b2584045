#include "engine/overlap.h"

#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = from_micros(1'800'000'000'000'000);

Event occurrence(int number) {
  Event event;
  event.id = derived_id(fmt::format("occurrence {}", number));
  event.schedule_id = "s";
  event.nominal_at = event.due_at = kStart + seconds(number);
  return event;
}

RunPolicy policy(Overlap overlap, uint32_t limit = 1) {
  return RunPolicy{.revision = 1, .overlap = overlap, .limit = limit, .max_runtime = seconds(100)};
}

class TakeTurn : public ::testing::Test {
 protected:
  Turn take(int number, const RunPolicy& policy, Duration after = {}) {
    taken = take_turn(runs, occurrence(number), policy, kStart + seconds(number) + after);
    return taken.turn;
  }
  void end(int number) {
    std::erase_if(runs, [&](const RunEntry& run) { return run.event == occurrence(number).id; });
  }
  std::vector<RunEntry> runs;
  TurnTaken taken;
};

TEST_F(TakeTurn, SkipLetsOneRun) {
  EXPECT_EQ(take(1, policy(Overlap::skip)), Turn::run);
  EXPECT_EQ(take(2, policy(Overlap::skip)), Turn::skip);
  EXPECT_EQ(runs.size(), 1U);
  end(1);
  EXPECT_EQ(take(3, policy(Overlap::skip)), Turn::run);
}

TEST_F(TakeTurn, OneThatIsTriedAgainGoesOn) {
  EXPECT_EQ(take(1, policy(Overlap::skip)), Turn::run);
  EXPECT_EQ(take(1, policy(Overlap::skip), seconds(30)), Turn::run);
  EXPECT_EQ(runs.size(), 1U);
}

TEST_F(TakeTurn, ALostEndBlocksNoLongerThanMaxRuntime) {
  EXPECT_EQ(take(1, policy(Overlap::skip)), Turn::run);
  EXPECT_EQ(take(100, policy(Overlap::skip)), Turn::skip);
  EXPECT_EQ(take(101, policy(Overlap::skip)), Turn::run);
}

TEST_F(TakeTurn, MaxParallelLetsSoManyRun) {
  EXPECT_EQ(take(1, policy(Overlap::max_parallel, 2)), Turn::run);
  EXPECT_EQ(take(2, policy(Overlap::max_parallel, 2)), Turn::run);
  EXPECT_EQ(take(3, policy(Overlap::max_parallel, 2)), Turn::skip);
  end(1);
  EXPECT_EQ(take(4, policy(Overlap::max_parallel, 2)), Turn::run);
}

TEST_F(TakeTurn, BufferOneLetsOneWait) {
  EXPECT_EQ(take(1, policy(Overlap::buffer_one)), Turn::run);
  EXPECT_EQ(take(2, policy(Overlap::buffer_one)), Turn::wait);
  EXPECT_EQ(take(3, policy(Overlap::buffer_one)), Turn::skip);
  EXPECT_EQ(take(2, policy(Overlap::buffer_one), seconds(2)), Turn::wait);
  end(1);
  EXPECT_EQ(take(2, policy(Overlap::buffer_one), seconds(3)), Turn::run);
}

TEST_F(TakeTurn, ThoseThatWaitRunInTheirOrder) {
  EXPECT_EQ(take(1, policy(Overlap::buffer_all, 2)), Turn::run);
  EXPECT_EQ(take(2, policy(Overlap::buffer_all, 2)), Turn::wait);
  EXPECT_EQ(take(3, policy(Overlap::buffer_all, 2)), Turn::wait);
  EXPECT_EQ(take(4, policy(Overlap::buffer_all, 2)), Turn::skip);
  end(1);
  EXPECT_EQ(take(3, policy(Overlap::buffer_all, 2), seconds(2)), Turn::wait);
  EXPECT_EQ(take(2, policy(Overlap::buffer_all, 2), seconds(3)), Turn::run);
}

TEST_F(TakeTurn, OneThatWaitsAndAsksNoMoreIsForgotten) {
  EXPECT_EQ(take(1, policy(Overlap::buffer_all, 2)), Turn::run);
  EXPECT_EQ(take(2, policy(Overlap::buffer_all, 2)), Turn::wait);
  end(1);
  EXPECT_EQ(take(3, policy(Overlap::buffer_all, 2), seconds(5)), Turn::wait);  // behind 2
  EXPECT_EQ(take(3, policy(Overlap::buffer_all, 2), seconds(15)), Turn::run);
}

TEST_F(TakeTurn, CancelOtherTakesThePlace) {
  EXPECT_EQ(take(1, policy(Overlap::cancel_other)), Turn::run);
  EXPECT_EQ(take(2, policy(Overlap::cancel_other)), Turn::run);
  EXPECT_EQ(taken.displaced, std::vector{occurrence(1).id});
  EXPECT_EQ(take(1, policy(Overlap::cancel_other), seconds(5)), Turn::skip);  // its retry comes too late
}

class OverlapTest : public EngineFixture {
 protected:
  void schedule(Overlap overlap, Ack ack = Ack::none, uint32_t retries = 0) {
    Schedule made;
    made.name = "each second";
    made.cron_expression = "* * * * * *";
    made.event_type = "order";
    made.event_action = "remind";
    made.overlap = overlap;
    made.ack = ack;
    made.max_retries = retries;
    made.retry_delay = seconds(1);
    engine->schedules().create(made, [](const Result<Schedule>& created) { ASSERT_TRUE(created); });
  }
  size_t skipped() const {
    return static_cast<size_t>(
        std::ranges::count_if(log.kept, [](const Execution& one) { return one.reason == "overlap"; }));
  }
};

TEST_F(OverlapTest, NoneFiresWhileOneIsPublished) {
  schedule(Overlap::skip);
  sink.hold = true;
  run_for(milliseconds(3'500));
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_GE(skipped(), 2U);
  sink.hold = false;
  sink.let_go();
  run_for(seconds(1));
  EXPECT_EQ(sink.delivered.size(), 2U);
  EXPECT_EQ(schedules.runs.size(), 0U);
}

TEST_F(OverlapTest, AllowedOnesFireBesideEachOther) {
  schedule(Overlap::allow);
  sink.hold = true;
  run_for(milliseconds(3'500));
  EXPECT_GE(sink.delivered.size(), 3U);
  EXPECT_TRUE(schedules.runs.empty());
}

TEST_F(OverlapTest, OneThatWaitsFiresOnceTheOtherHasEnded) {
  schedule(Overlap::buffer_one);
  sink.hold = true;
  run_for(milliseconds(3'500));
  ASSERT_EQ(sink.delivered.size(), 1U);
  const auto second = *sink.delivered.front().event.nominal_at + seconds(1);
  sink.let_go();
  run_for(milliseconds(800));
  ASSERT_EQ(sink.delivered.size(), 2U);
  EXPECT_EQ(*sink.delivered[1].event.nominal_at, second);
}

TEST_F(OverlapTest, AnAcknowledgedRunGoesOnAfterItWasPublished) {
  schedule(Overlap::skip, Ack::required);
  run_for(milliseconds(3'500));
  ASSERT_EQ(sink.delivered.size(), 1U);
  schedules.runs.clear();  // somebody says that it has ended
  run_for(seconds(1));
  EXPECT_EQ(sink.delivered.size(), 2U);
}

TEST_F(OverlapTest, TheRetryOfOneThatWasDisplacedIsSkipped) {
  schedule(Overlap::cancel_other, Ack::none, 5);
  sink.script = {{.verdict = Verdict::retry, .error = "no"}};
  sink.hold = true;
  run_for(milliseconds(2'500));
  ASSERT_GE(sink.delivered.size(), 2U);
  const auto first = sink.delivered.front().event.id;
  sink.let_go();
  run_for(seconds(5));
  EXPECT_EQ(state_of(first), State::skipped);
  EXPECT_EQ(std::ranges::count_if(sink.delivered, [&](const Delivery& one) { return one.event.id == first; }), 1);
}

TEST_F(OverlapTest, ARunThatDiedWithItsNodeIsInNobodysWay) {
  schedule(Overlap::skip);
  const auto id = schedules.schedules.begin()->first;
  schedules.runs[id] = {
      RunEntry{derived_id("never heard of"), clock.wall() - seconds(5), clock.wall() + std::chrono::hours(1)}};
  run_for(milliseconds(2'500));
  EXPECT_GE(sink.delivered.size(), 2U);
}

}  // namespace
}  // namespace schedules::testing
