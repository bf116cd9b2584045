// The stores with a journal: what is answered is in it, what ended is not.
#include <gtest/gtest.h>

#include "base/await.h"
#include "journal/journaled_catalog.h"
#include "journal/journaled_near.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_events.h"
#include "tests/unit/journal/memory_journal.h"

namespace schedules {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ManualClock;
using testing::MemoryEvents;
using testing::MemoryJournal;
using Outcomes = std::vector<PutOutcome>;
using Changes = std::vector<Changed>;

class JournaledTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  MemoryEvents store_{clock_};
  MemoryEvents far_{clock_};
  MemoryJournal journal_;
  Keeper keeper_{journal_, store_, clock_};
  std::vector<EventId> settled_;
  JournaledNear near_{store_, far_, keeper_, [this](uint32_t, const std::vector<EventId>& ids) {
                        settled_.insert(settled_.end(), ids.begin(), ids.end());
                      }};
  JournaledFar journaled_far_{far_, keeper_};
  bool complete_ = true;
  JournaledCatalog catalog_{store_, keeper_, [this](std::vector<EventId>, Done<bool> done) { done(complete_); }};

  Event event(const std::string& name, Duration in = hours(1)) {
    Event out;
    out.id = derived_id(name);
    out.topic = "t";
    out.fingerprint = stable_hash(name);
    out.due_at = out.fire_at = clock_.wall() + in;
    return out;
  }
  Result<Outcomes> put(Event one, PutMode mode = PutMode::if_absent) {
    return await<Outcomes>([&](Done<Outcomes> done) { near_.put({std::move(one)}, mode, std::move(done)); });
  }
  Event begun(const Event& one) {
    auto events = await<std::vector<Event>>([&](Done<std::vector<Event>> done) {
      near_.begin({.shard = 0, .epoch = 0, .entries = {{.id = one.id, .fire_at = one.fire_at}}}, std::move(done));
    });
    return events.value().at(0);
  }
  Status settle(const Event& one, Outcome outcome) {
    return await<void>([&](Done<void> done) {
      near_.settle({{.shard = 0, .begun_fire_at = one.fire_at, .event = one, .outcome = std::move(outcome)}},
                   std::move(done));
    });
  }
};

TEST_F(JournaledTest, WhatIsCreatedIsInTheJournal) {
  ASSERT_EQ(put(event("a"))->at(0).result, PutResult::created);
  ASSERT_TRUE(journal_.held.contains(derived_id("a")));
  EXPECT_EQ(journal_.held[derived_id("a")].topic, "t");
  EXPECT_FALSE(journal_.last_redriven);
}

TEST_F(JournaledTest, WithoutTheJournalNothingIsAnsweredAndARepeatIsKept) {
  journal_.away = true;
  const auto refused = put(event("a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  journal_.away = false;
  EXPECT_EQ(put(event("a"))->at(0).result, PutResult::exists);
  EXPECT_TRUE(journal_.held.contains(derived_id("a"))) << "else it would be answered and not in the journal";
}

TEST_F(JournaledTest, AConflictLeavesTheJournalsRecordAlone) {
  ASSERT_TRUE(put(event("a")));
  auto other = event("a");
  other.fingerprint = 7;
  other.topic = "other";
  EXPECT_EQ(put(other)->at(0).result, PutResult::conflict);
  EXPECT_EQ(journal_.held[other.id].topic, "t");
}

TEST_F(JournaledTest, WhatEndedWhileItWasAppendedIsForgotten) {
  const auto one = event("a", seconds(0));
  journal_.away = true;
  ASSERT_FALSE(put(one));
  journal_.away = false;
  ASSERT_TRUE(settle(begun(one), {.state = State::fired, .at = clock_.wall(), .sink = "kafka"}));
  ASSERT_TRUE(await<void>([&](Done<void> done) { keeper_.keep({one}, false, std::move(done)); }));
  EXPECT_TRUE(journal_.held.empty());
}

TEST_F(JournaledTest, WhatTheStoreDoesNotKnowStaysInTheJournal) {
  ASSERT_TRUE(await<void>([&](Done<void> done) { keeper_.keep({event("lost", seconds(0))}, false, std::move(done)); }));
  EXPECT_EQ(journal_.held.size(), 1U) << "the store may have lost it: the journal is all that is left";
}

TEST_F(JournaledTest, AnEndOfAnotherSinkIsForgottenBeforeItIsStored) {
  const auto one = event("a", seconds(0));
  ASSERT_TRUE(put(one));
  const auto running = begun(one);
  journal_.away = true;
  EXPECT_FALSE(settle(running, {.state = State::fired, .at = clock_.wall(), .sink = "webhook"}));
  EXPECT_FALSE(is_final(store_.look(one.id)->state)) << "not ended while the journal still has it";
  journal_.away = false;
  ASSERT_TRUE(settle(running, {.state = State::fired, .at = clock_.wall(), .sink = "webhook"}));
  EXPECT_TRUE(journal_.held.empty());
  EXPECT_EQ(store_.look(one.id)->state, State::fired);
  EXPECT_TRUE(settled_.empty());
}

TEST_F(JournaledTest, ADeadEventOfKafkaIsForgotten) {
  const auto one = event("a", seconds(0));
  ASSERT_TRUE(put(one));
  ASSERT_TRUE(settle(begun(one), {.state = State::dead, .at = clock_.wall(), .sink = "kafka"}));
  EXPECT_TRUE(journal_.held.empty());
}

TEST_F(JournaledTest, AnEndOfTheTransactionIsToldAndNotForgottenAgain) {
  const auto one = event("a", seconds(0));
  ASSERT_TRUE(put(one));
  ASSERT_TRUE(settle(begun(one), {.state = State::fired, .at = clock_.wall(), .sink = "kafka"}));
  EXPECT_EQ(settled_, std::vector{one.id});
  EXPECT_EQ(journal_.log, std::vector<std::string>{"append"});
}

TEST_F(JournaledTest, ARetryStaysInTheJournal) {
  const auto one = event("a", seconds(0));
  ASSERT_TRUE(put(one));
  auto running = begun(one);
  const auto at = running.fire_at;
  running.fire_at += seconds(60);
  ASSERT_TRUE(await<void>([&](Done<void> done) {
    near_.settle({{.shard = 0, .begun_fire_at = at, .event = running, .outcome = {.state = State::pending}}},
                 std::move(done));
  }));
  EXPECT_TRUE(journal_.held.contains(one.id));
}

TEST_F(JournaledTest, ARedrivenOneSaysSo) {
  const auto one = event("a", seconds(0));
  ASSERT_TRUE(put(one));
  ASSERT_TRUE(settle(begun(one), {.state = State::dead, .at = clock_.wall(), .sink = "kafka"}));
  ASSERT_EQ(put(one, PutMode::redriven)->at(0).result, PutResult::created);
  EXPECT_TRUE(journal_.last_redriven);
  EXPECT_TRUE(journal_.held.contains(one.id));
}

TEST_F(JournaledTest, AFarEventIsKept) {
  const auto one = event("far", hours(100));
  ASSERT_TRUE(await<Outcomes>([&](Done<Outcomes> done) { journaled_far_.put({one}, std::move(done)); }));
  EXPECT_TRUE(journal_.held.contains(one.id));
  journal_.away = true;
  EXPECT_FALSE(
      await<Outcomes>([&](Done<Outcomes> done) { journaled_far_.put({event("g", hours(99))}, std::move(done)); }));
}

TEST_F(JournaledTest, ACancelIsForgottenAndARepeatForgetsAgain) {
  const auto one = event("a");
  ASSERT_TRUE(put(one));
  const auto cancel = [&] {
    return await<Changes>(
        [&](Done<Changes> done) { catalog_.cancel({{.id = one.id, .at = clock_.wall()}}, std::move(done)); });
  };
  journal_.away = true;
  EXPECT_FALSE(cancel()) << "not answered while the journal has it";
  journal_.away = false;
  EXPECT_TRUE(cancel());
  EXPECT_TRUE(journal_.held.empty());
}

TEST_F(JournaledTest, WhatIsMissingWhileTheStoreIsFilledAgainIsNotSaidToBeMissing) {
  const auto cancel = [&] {
    return await<Changes>([&](Done<Changes> done) {
      catalog_.cancel({{.id = derived_id("a"), .if_revision = {}, .at = clock_.wall()}}, std::move(done));
    });
  };
  EXPECT_EQ(cancel()->at(0).result, ChangeResult::not_found);
  complete_ = false;
  const auto refused = cancel();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  ASSERT_EQ(put(event("a"))->at(0).result, PutResult::created);
  EXPECT_EQ(cancel()->at(0).result, ChangeResult::done);
}

TEST_F(JournaledTest, AChangeIsKept) {
  auto one = event("a");
  ASSERT_TRUE(put(one));
  one.topic = "changed";
  ASSERT_TRUE(await<Changes>([&](Done<Changes> done) { catalog_.change({one}, std::move(done)); }));
  EXPECT_EQ(journal_.held[one.id].topic, "changed");
  EXPECT_EQ(journal_.held[one.id].revision, 2U);
}

}  // namespace
}  // namespace schedules
