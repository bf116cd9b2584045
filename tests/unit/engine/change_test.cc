#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ChangeTest : public EngineFixture {
 protected:
  ChangeAnswer cancel(EventId id, milliseconds wait = milliseconds(0)) {
    std::optional<ChangeAnswer> answer;
    engine->events().cancel(id, {}, wait, [&](Result<ChangeAnswer> got) { answer = std::move(got.value()); });
    engine->tick();
    return answer.value_or(ChangeAnswer{});
  }
  ChangeAnswer move_to(EventId id, TimePoint due, std::optional<uint64_t> revision = {}) {
    std::optional<ChangeAnswer> answer;
    const auto edit = [due](Event& one) -> Status {
      one.due_at = due;
      return {};
    };
    engine->events().change(id, revision, edit, [&](Result<ChangeAnswer> got) { answer = std::move(got.value()); });
    engine->tick();
    return answer.value();
  }
};

TEST_F(ChangeTest, CancelledNeverFires) {
  const auto id = accept(event("a", seconds(2))).stored.event.id;
  EXPECT_EQ(cancel(id).result, ChangeResult::done);
  run_for(seconds(5));
  EXPECT_TRUE(sink.delivered.empty());
  EXPECT_EQ(cancel(id).result, ChangeResult::already_finished);
}

TEST_F(ChangeTest, CancelOfFiredSaysWhenItFired) {
  const auto id = accept(event("a", seconds(0))).stored.event.id;
  const auto answer = cancel(id);
  EXPECT_EQ(answer.result, ChangeResult::already_finished);
  EXPECT_EQ(answer.current->state, State::fired);
  EXPECT_EQ(answer.current->outcome.at, sink.delivered[0].fired_at);
}

TEST_F(ChangeTest, CancelOfUnknownIsNotFound) {
  EXPECT_EQ(cancel(derived_id("nothing")).result, ChangeResult::not_found);
}

TEST_F(ChangeTest, CancelInFlightWaitsForTheEnd) {
  sink.hold = true;
  const auto id = accept(event("a", seconds(0))).stored.event.id;
  EXPECT_EQ(cancel(id).result, ChangeResult::in_flight);
  std::optional<ChangeAnswer> answer;
  engine->events().cancel(id, {}, milliseconds(500),
                          [&](Result<ChangeAnswer> got) { answer = std::move(got.value()); });
  engine->tick();
  EXPECT_FALSE(answer);
  sink.let_go();
  engine->tick();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result, ChangeResult::already_finished);
}

TEST_F(ChangeTest, CancelInFlightGivesUpAfterItsWait) {
  sink.hold = true;
  const auto id = accept(event("a", seconds(0))).stored.event.id;
  std::optional<ChangeAnswer> answer;
  engine->events().cancel(id, {}, milliseconds(500),
                          [&](Result<ChangeAnswer> got) { answer = std::move(got.value()); });
  run_for(milliseconds(501));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result, ChangeResult::in_flight);
}

TEST_F(ChangeTest, CancelAfterAFailureStopsTheRetry) {
  sink.hold = true;
  sink.script = {{.verdict = Verdict::retry, .error = "no"}};
  const auto id = accept(event("a", seconds(0))).stored.event.id;
  std::optional<ChangeAnswer> answer;
  engine->events().cancel(id, {}, seconds(5), [&](Result<ChangeAnswer> got) { answer = std::move(got.value()); });
  sink.let_go();
  engine->tick();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result, ChangeResult::done);
  run_for(seconds(300));
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(ChangeTest, MovedEarlierFiresEarlier) {
  const auto id = accept(event("a", seconds(3'000))).stored.event.id;
  EXPECT_EQ(move_to(id, clock.wall() + seconds(1)).result, ChangeResult::done);
  run_for(seconds(1));
  EXPECT_EQ(sink.delivered.size(), 1U);
  run_for(seconds(4'000));
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(ChangeTest, MovedLaterDoesNotFireAtTheOldTime) {
  const auto id = accept(event("a", seconds(1))).stored.event.id;
  move_to(id, clock.wall() + seconds(100));
  run_for(seconds(99));
  EXPECT_TRUE(sink.delivered.empty());
  run_for(seconds(1));
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(ChangeTest, StaleRevisionIsAConflict) {
  const auto id = accept(event("a", seconds(100))).stored.event.id;
  const auto first = move_to(id, clock.wall() + seconds(50), 1);
  EXPECT_EQ(first.current->event.revision, 2U);
  EXPECT_EQ(move_to(id, clock.wall() + seconds(60), 1).result, ChangeResult::revision_conflict);
}

TEST_F(ChangeTest, SameKeyAndBodyIsTheSameEvent) {
  auto one = event("a", seconds(100));
  one.idempotency_key = "k";
  const auto first = accept(one);
  const auto second = accept(one);
  EXPECT_EQ(second.result, PutResult::exists);
  EXPECT_EQ(second.stored.event.id, first.stored.event.id);
  one.body = R"({"other":true})";
  const auto third = accept(one);
  ASSERT_TRUE(third.error);
  EXPECT_EQ(third.error->code, Code::idempotency_conflict);
  run_for(seconds(200));
  EXPECT_EQ(sink.delivered.size(), 1U);
}

}  // namespace
}  // namespace schedules::testing
