#include "analytics/outbox.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/unit/analytics/fakes.h"

namespace schedules::testing {
namespace {

using Ids = std::vector<std::string>;
const Error kAway{.code = Code::unavailable, .detail = "nobody answers"};

struct Outbox : ::testing::Test {
  ManualClock clock;
  ScriptedStore store;
  MemorySpool spool;
  std::optional<ExecutionOutbox> outbox{std::in_place, store, spool, clock, OutboxOptions{.batch = 4}};
  size_t answered = 0;

  void append(std::initializer_list<std::string> ids) {
    outbox->append(executions_named(ids), [this](const Result<void>& result) {
      EXPECT_TRUE(result);
      ++answered;
    });
  }
  void wait(Duration time) {
    clock.advance(time);
    outbox->tick();
  }
};

TEST_F(Outbox, WhatIsAppendedIsSentAtOnce) {
  append({"a", "b"});
  EXPECT_EQ(answered, 1U);
  EXPECT_EQ(store.stored, (Ids{"a", "b"}));
  EXPECT_TRUE(spool.batches.empty());
  EXPECT_EQ(outbox->figures().sent, 2U);
  EXPECT_EQ(outbox->figures().waiting, 0U);
}

TEST_F(Outbox, SmallAppendsAreJoined) {
  append({"a"});
  append({"b"});
  append({"c"});
  EXPECT_EQ(store.appends, (std::vector<Ids>{{"a"}}));
  EXPECT_EQ(answered, 3U) << "they are durable here";
  wait(std::chrono::milliseconds(250));
  EXPECT_EQ(store.appends, (std::vector<Ids>{{"a"}, {"b", "c"}}));
}

TEST_F(Outbox, AStoreThatIsAwayDelaysNobody) {
  store.failure = kAway;
  for (int i = 0; i < 50; ++i) append({std::to_string(i)});
  EXPECT_EQ(answered, 50U);
  EXPECT_EQ(store.appends.size(), 1U) << "it is not asked for each";
  EXPECT_TRUE(outbox->figures().failing);
  EXPECT_EQ(outbox->figures().waiting, 50U);
  store.failure.reset();
  wait(std::chrono::seconds(10));
  EXPECT_TRUE(outbox->flush(std::chrono::seconds(5)));
  ASSERT_EQ(store.stored.size(), 50U);
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(store.stored[i], std::to_string(i));
  EXPECT_EQ(outbox->figures().dropped, 0U);
  EXPECT_FALSE(outbox->figures().failing);
}

TEST_F(Outbox, AStoreThatHangsDelaysNobody) {
  store.holds = true;
  for (int i = 0; i < 50; ++i) append({std::to_string(i)});
  EXPECT_EQ(answered, 50U);
  EXPECT_EQ(store.held.size(), 1U);
  store.holds = false;
  store.answer_one();
  wait(std::chrono::seconds(1));
  EXPECT_TRUE(outbox->flush(std::chrono::seconds(5)));
  EXPECT_EQ(store.stored.size(), 50U);
}

TEST_F(Outbox, WaitsGrowWhileItIsAway) {
  store.failure = kAway;
  append({"a"});
  EXPECT_EQ(store.appends.size(), 1U);
  wait(std::chrono::milliseconds(499));
  EXPECT_EQ(store.appends.size(), 1U);
  wait(std::chrono::milliseconds(1));
  EXPECT_EQ(store.appends.size(), 2U);
  wait(std::chrono::milliseconds(999));
  EXPECT_EQ(store.appends.size(), 2U);
  wait(std::chrono::milliseconds(1));
  EXPECT_EQ(store.appends.size(), 3U);
}

TEST_F(Outbox, ALostAnswerIsRepeatedWithTheSameExecutions) {
  store.failure = kAway;
  store.takes_although_it_fails = true;
  append({"a", "b"});
  append({"c"});
  store.failure.reset();
  wait(std::chrono::seconds(1));
  EXPECT_EQ(store.appends.at(0), (Ids{"a", "b"}));
  EXPECT_EQ(store.appends.at(1), (Ids{"a", "b"})) << "so that the store can tell that it knows them";
  wait(std::chrono::seconds(1));
  EXPECT_EQ(store.appends.at(2), (Ids{"c"}));
}

TEST_F(Outbox, WhatAnEarlierProcessLeftIsSent) {
  store.failure = kAway;
  append({"a", "b"});
  outbox.emplace(store, spool, clock);
  EXPECT_EQ(outbox->figures().waiting, 2U);
  store.failure.reset();
  outbox->tick();
  EXPECT_EQ(store.stored, (Ids{"a", "b"}));
  EXPECT_EQ(outbox->figures().waiting, 0U);
}

TEST_F(Outbox, AFullSpoolLeavesTheStoreItself) {
  spool.failure = Error{.code = Code::overloaded, .detail = "full"};
  append({"a"});
  EXPECT_EQ(store.stored, (Ids{"a"}));
  EXPECT_EQ(outbox->figures().dropped, 0U);
}

TEST_F(Outbox, WhatNobodyTakesIsCounted) {
  store.failure = kAway;
  append({"kept"});
  spool.failure = Error{.code = Code::overloaded, .detail = "full"};
  append({"x", "y"});
  append({"z"});
  EXPECT_EQ(answered, 3U);
  EXPECT_EQ(outbox->figures().dropped, 3U);
  store.failure.reset();
  wait(std::chrono::seconds(1));
  EXPECT_EQ(store.stored, (Ids{"kept"}));
}

TEST_F(Outbox, WhatTheStoreRefusesForGoodIsDroppedAndCounted) {
  store.failure = Error{.code = Code::corrupt, .detail = "no"};
  append({"a"});
  EXPECT_EQ(outbox->figures().dropped, 1U);
  EXPECT_TRUE(spool.batches.empty());
  store.failure.reset();
  append({"b"});
  wait(std::chrono::seconds(1));
  EXPECT_EQ(store.stored, (Ids{"b"}));
}

TEST_F(Outbox, StoppedItKeepsForTheNextProcess) {
  outbox->stop();
  append({"a"});
  wait(std::chrono::seconds(1));
  EXPECT_EQ(answered, 1U);
  EXPECT_TRUE(store.appends.empty());
  EXPECT_EQ(spool.batches.size(), 1U);
}

TEST_F(Outbox, FlushSaysWhatIsLeft) {
  store.failure = kAway;
  append({"a"});
  EXPECT_FALSE(outbox->flush(std::chrono::milliseconds(100)));
  store.failure.reset();
  EXPECT_TRUE(outbox->flush(std::chrono::milliseconds(100))) << "without waiting for its turn";
  EXPECT_EQ(store.stored, (Ids{"a"}));
}

}  // namespace
}  // namespace schedules::testing
