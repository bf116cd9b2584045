#include "analytics/recorder.h"

#include <gtest/gtest.h>

#include "tests/unit/analytics/fakes.h"

namespace schedules::testing {
namespace {

using Ids = std::vector<std::string>;

struct Recording : ::testing::Test {
  ScriptedStore store;
  NotedCounters counters;
};

TEST_F(Recording, ABatchIsWrittenAndCounted) {
  Recorder recorder(store, counters, {});
  auto plain = executions_named({"b"});
  plain[0].schedule_id.clear();
  recorder.record(executions_named({"a"}));
  recorder.record(plain);
  EXPECT_EQ(store.stored, (Ids{"a", "b"}));
  EXPECT_EQ(counters.noted, 1U) << "of schedules only";
}

TEST_F(Recording, WithoutAnalyticsOnlySchedulesAreRecorded) {
  Recorder recorder(store, counters, {.plain_events = false});
  auto mixed = executions_named({"a", "b"});
  mixed[1].schedule_id.clear();
  recorder.record(mixed);
  EXPECT_EQ(store.stored, (Ids{"a"}));
}

TEST_F(Recording, AFullQueueHoldsTheEngineBack) {
  store.holds = true;
  size_t room_again = 0;
  Recorder recorder(store, counters, {.queue_limit = 2, .batch = 1}, {.has_room_again = [&] { ++room_again; }});
  recorder.record(executions_named({"a", "b", "c"}));
  EXPECT_FALSE(recorder.has_room());
  store.holds = false;
  store.answer_one();
  EXPECT_TRUE(recorder.has_room());
  EXPECT_EQ(room_again, 1U);
  EXPECT_EQ(store.stored, (Ids{"a", "b", "c"}));
}

TEST_F(Recording, NotHeldBackWhatIsTooMuchIsDroppedAndCounted) {
  store.holds = true;
  Recorder recorder(store, counters, {.queue_limit = 2, .batch = 1, .hold_back = false});
  recorder.record(executions_named({"under way"}));
  recorder.record(executions_named({"a", "b", "c"}));
  EXPECT_TRUE(recorder.has_room());
  EXPECT_EQ(recorder.dropped(), 1U);
  store.holds = false;
  store.answer_one();
  EXPECT_EQ(store.stored, (Ids{"under way", "a", "b"}));
}

TEST_F(Recording, WhatFailedIsTriedAgainByATick) {
  store.failure = Error{.code = Code::disk_full, .detail = "full"};
  Recorder recorder(store, counters, {});
  recorder.record(executions_named({"a"}));
  EXPECT_FALSE(recorder.flush(std::chrono::milliseconds(0)));
  EXPECT_EQ(recorder.waiting(), 1U);
  store.failure.reset();
  recorder.tick();
  EXPECT_EQ(store.stored, (Ids{"a"}));
  EXPECT_TRUE(recorder.flush(std::chrono::milliseconds(0)));
}

struct Gathering : Recording {
  std::vector<std::function<void()>> later;
  std::chrono::milliseconds wait{};
  Recorder recorder{store,
                    counters,
                    {.batch = 3, .gather = std::chrono::milliseconds(50)},
                    {.later = [this](std::chrono::milliseconds asked, std::function<void()> work) {
                      wait = asked;
                      later.push_back(std::move(work));
                    }}};

  void rested() {
    auto due = std::exchange(later, {});
    for (auto& work : due) work();
  }
  size_t writes() const { return store.appends.size(); }
};

TEST_F(Gathering, TheFirstIsWrittenAtOnceAndWhatComesSoonAfterTogether) {
  recorder.record(executions_named({"a"}));
  EXPECT_EQ(store.stored, (Ids{"a"}));
  recorder.record(executions_named({"b"}));
  recorder.record(executions_named({"c"}));
  EXPECT_EQ(writes(), 1U);
  EXPECT_EQ(wait, std::chrono::milliseconds(50));
  rested();
  EXPECT_EQ(store.appends.back(), (Ids{"b", "c"}));
  rested();  // of that write
  EXPECT_TRUE(later.empty()) << "nothing waits: nothing is asked for";
  recorder.record(executions_named({"d"}));
  EXPECT_EQ(store.appends.back(), (Ids{"d"}));
}

TEST_F(Gathering, AFullBatchDoesNotWait) {
  recorder.record(executions_named({"a"}));
  recorder.record(executions_named({"b", "c"}));
  EXPECT_EQ(writes(), 1U);
  recorder.record(executions_named({"d"}));
  EXPECT_EQ(store.appends.back(), (Ids{"b", "c", "d"}));
  EXPECT_EQ(later.size(), 1U) << "one rest at a time";
}

TEST_F(Gathering, AFlushDoesNotWait) {
  recorder.record(executions_named({"a"}));
  recorder.record(executions_named({"b"}));
  EXPECT_TRUE(recorder.flush(std::chrono::milliseconds(0)));
  recorder.record(executions_named({"c"}));
  EXPECT_EQ(store.stored, (Ids{"a", "b", "c"})) << "nor does what comes after it";
}

TEST_F(Gathering, WhatFailedWaitsForATickNotForTheRest) {
  store.failure = Error{.code = Code::disk_full, .detail = "full"};
  recorder.record(executions_named({"a"}));
  rested();
  EXPECT_EQ(writes(), 1U);
  store.failure.reset();
  recorder.tick();
  EXPECT_EQ(store.stored, (Ids{"a"}));
}

TEST_F(Recording, AnEventAcceptedForBeyondTheHorizonWaitedFar) {
  struct Seen final : ExecutionStore {
    std::vector<Execution> seen;
    void append(ExecutionBatch given, Done<void> done) override {
      seen.insert(seen.end(), given->begin(), given->end());
      done({});
    }
    void find_executions(ExecutionFilter, Done<ExecutionPage>) override {}
    void stats(ExecutionFilter, Done<ExecutionStats>) override {}
    void groups(ExecutionFilter, GroupBy, Done<std::vector<ExecutionGroup>>) override {}
    void error_patterns(ExecutionFilter, Done<std::vector<ErrorPattern>>) override {}
    void expire(RetentionCuts, Done<Expired>) override {}
  } seen;
  Recorder looked(seen, counters, {.far_beyond = std::chrono::hours(1)});
  const TimePoint due = from_micros(1'767'225'600'000'000);
  const auto plain = [&](Duration before) { return Execution{.id = "x", .due_at = due, .accepted_at = due - before}; };
  auto periodic = plain(std::chrono::hours(2));
  periodic.schedule_id = "s";
  auto unknown = plain({});
  unknown.accepted_at = {};
  looked.record({plain(std::chrono::hours(1)), plain(std::chrono::hours(1) + Duration(1)), periodic, unknown});
  ASSERT_EQ(seen.seen.size(), 4U);
  EXPECT_FALSE(seen.seen[0].waited_far);
  EXPECT_TRUE(seen.seen[1].waited_far);
  EXPECT_FALSE(seen.seen[2].waited_far);
  EXPECT_FALSE(seen.seen[3].waited_far);
}

}  // namespace
}  // namespace schedules::testing
