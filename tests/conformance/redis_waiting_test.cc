// The leaves of what waits in Redis (store/redis/layout.md): small, packed, in order, whatever is put, moved and taken; and what
// the layout before left is taken over.
#include <gmock/gmock.h>

#include <map>

#include "base/random.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"
#include "tests/conformance/redis_place.h"
#include "tests/support/server_control.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

constexpr uint64_t kOwnEpoch = 7;
constexpr size_t kMostOfALeaf = 128;  // those of several times: beyond that Redis does not pack

class RedisWaitingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store = OpenRedis::open("redis://" + environment("SCHEDULES_TEST_REDIS"),
                            {.prefix = prefix, .shards = 1, .node_id = "one"}, clock);
    store->own(0, kOwnEpoch, prefix);
  }
  void put(std::vector<Event> events) {
    for (const auto& event : events) waiting[event.id] = event;
    const auto outcomes = await<std::vector<PutOutcome>>(
        [&](auto done) { store->store->near().put(std::move(events), PutMode::if_absent, std::move(done)); });
    ASSERT_TRUE(outcomes) << outcomes.error().detail;
  }
  std::vector<WindowEntry> window(Duration ahead, size_t limit = 100'000) {
    const WindowRequest request{
        .shard = 0, .epoch = kOwnEpoch, .now = clock.wall(), .until = clock.wall() + ahead, .limit = limit};
    return await<WindowPage>([&](auto done) { store->store->near().window(request, std::move(done)); }).value().entries;
  }
  std::vector<Event> begin(std::vector<WindowEntry> entries) {
    return await<std::vector<Event>>([&](auto done) {
             store->store->near().begin({.shard = 0, .epoch = kOwnEpoch, .entries = std::move(entries)},
                                        std::move(done));
           })
        .value();
  }
  void settle(const std::vector<Event>& events, State state, Duration again) {
    std::vector<Settlement> settlements;
    for (auto event : events) {
      const TimePoint begun = event.fire_at;
      waiting.erase(event.id);
      if (state == State::pending) {
        event.fire_at = clock.wall() + again;
        waiting[event.id] = event;
      }
      settlements.push_back({.shard = 0,
                             .epoch = kOwnEpoch,
                             .begun_fire_at = begun,
                             .event = event,
                             .outcome = {.state = state, .at = clock.wall(), .settled_at = clock.wall()}});
    }
    ASSERT_TRUE(await<void>([&](auto done) { store->store->near().settle(std::move(settlements), std::move(done)); }));
  }
  void change(Event event, TimePoint fire_at) {
    event.due_at = event.fire_at = fire_at;
    const auto changed =
        await<std::vector<Changed>>([&](auto done) { store->store->catalog().change({event}, std::move(done)); });
    ASSERT_TRUE(changed && changed->front().result == ChangeResult::done);
    waiting[event.id] = changed->front().current->event;
  }
  void cancel(const EventId& id) {
    ASSERT_TRUE(await<std::vector<Changed>>(
        [&](auto done) { store->store->catalog().cancel({{.id = id, .at = clock.wall()}}, std::move(done)); }));
    waiting.erase(id);
  }
  redis::Reply run(std::vector<std::string> words) {
    return await<std::vector<redis::Reply>>(
               [&](auto done) { store->client->run({.key = "", .commands = {std::move(words)}}, std::move(done)); })
        .value()
        .front();
  }
  std::string key(const std::string& name) const { return prefix + "{schedules:0}:" + name; }

  /// What is offered is what waits, in order; no leaf is larger than it may be, or empty.
  void check(const std::string& when) {
    const auto entries = window(std::chrono::hours(24 * 365));
    ASSERT_EQ(entries.size(), waiting.size()) << when;
    for (const auto& entry : entries) {
      const auto found = waiting.find(entry.id);
      ASSERT_NE(found, waiting.end()) << when;
      ASSERT_EQ(found->second.fire_at, entry.fire_at) << when;
    }
    size_t in_leaves = 0;
    for (int priority = -9; priority <= 9; ++priority) {
      const auto index = key("wait:" + std::to_string(priority));
      for (const auto& name : run({"ZRANGE", index, "0", "-1"}).items) {
        const auto leaf = index + ":" + name.text;
        const auto size = static_cast<size_t>(run({"ZCARD", leaf}).integer);
        in_leaves += size;
        EXPECT_GT(size, 0U) << when;
        if (size <= kMostOfALeaf) continue;
        EXPECT_EQ(run({"ZRANGE", leaf, "0", "0", "WITHSCORES"}).items.at(1).text,
                  run({"ZRANGE", leaf, "-1", "-1", "WITHSCORES"}).items.at(1).text)
            << when;
      }
    }
    EXPECT_EQ(in_leaves, waiting.size()) << when;
    check_slots(when);
  }
  /// Slots count what waits, wherever leaves begin and end.
  void check_slots(const std::string& when) {
    const TimeSlots slots{clock.wall() + 30min, 20min, 60};
    std::vector<SlotCount> expected(slots.count);
    for (const auto& [id, event] : waiting) {
      if (const auto slot = slots.slot_of(event.fire_at)) ++expected[*slot].count;
    }
    const auto counted =
        await<std::vector<SlotCount>>([&](auto done) { store->store->catalog().count_slots(slots, std::move(done)); });
    ASSERT_TRUE(counted) << counted.error().detail;
    EXPECT_EQ(*counted, expected) << when;
  }

  ManualClock clock;
  std::string prefix = fresh_prefix();
  std::shared_ptr<OpenRedis> store;
  std::map<EventId, Event> waiting;
};

}  // namespace

TEST_F(RedisWaitingTest, CountingBySlotsStopsAfterSoManyLeavesAndSaysWhere) {
  constexpr size_t kSlots = 20;
  std::vector<Event> events;
  for (uint64_t i = 0; i < 60 * kSlots; ++i) events.push_back(sample_event(i, std::chrono::seconds(i)));
  put(std::move(events));
  const auto counted = [&](const std::string& most) {
    return run({"EVAL", redis::slots_script().text(), "1", prefix + "{schedules:0}:",
                std::to_string(to_micros(clock.wall())), "60000000", std::to_string(kSlots), most})
        .items;
  };
  const auto some = counted("5");
  ASSERT_EQ(some.size(), kSlots + 1);
  const auto cut = static_cast<size_t>(some.back().integer);
  EXPECT_GT(cut, 2U);
  EXPECT_LT(cut, 6U);
  for (size_t slot = 0; slot < kSlots; ++slot) {
    if (slot != cut) {
      EXPECT_EQ(some[slot].integer, slot < cut ? 60 : 0) << slot;
    }
  }
  EXPECT_LT(some[cut].integer, 60);
  const auto all = counted("1000");
  EXPECT_EQ(all.back().integer, static_cast<int64_t>(kSlots));
  for (size_t slot = 0; slot < kSlots; ++slot) EXPECT_EQ(all[slot].integer, 60) << slot;
}

TEST_F(RedisWaitingTest, LeavesHoldWhateverIsPutMovedAndTaken) {
  const auto random = seeded_random(20);
  uint64_t next = 0;
  for (int round = 0; round < 30; ++round) {
    // Some rounds are all at one time, some at a few, some anywhere: within the hour or the day.
    const uint64_t times = std::array<uint64_t, 4>{1, 5, 3'600'000, 86'400'000}[random->below(4)];
    const Duration base = std::chrono::milliseconds(random->below(7'200'000));
    std::vector<Event> events;
    for (uint64_t i = random->below(700) + 1; i > 0; --i) {
      events.push_back(sample_event(next++, base + std::chrono::milliseconds(random->below(times))));
      if (random->below(20) == 0) events.back().priority = 3;
    }
    put(std::move(events));
    check(fmt::format("put in round {}", round));
    for (int i = 0; i < 20 && !waiting.empty(); ++i) {
      const auto one = std::next(waiting.begin(), static_cast<int64_t>(random->below(waiting.size())));
      if (i % 2 == 0) {
        cancel(EventId(one->first));
      } else {
        change(Event(one->second), clock.wall() + std::chrono::milliseconds(random->below(80'000'000)));
      }
    }
    check(fmt::format("cancelled and moved in round {}", round));
    const auto begun = begin(window(std::chrono::hours(24 * 365), 150 + random->below(300)));
    const auto half = static_cast<ptrdiff_t>(begun.size() / 2);
    settle({begun.begin(), begun.begin() + half}, State::fired, {});
    settle({begun.begin() + half, begun.end()}, State::pending, std::chrono::milliseconds(random->below(9'000'000)));
    check(fmt::format("fired and tried again in round {}", round));
  }
  ASSERT_GT(waiting.size(), 1'000U);
  settle(begin(window(std::chrono::hours(24 * 365))), State::fired, {});
  check("all gone");
  for (int priority = -9; priority <= 9; ++priority) {
    EXPECT_EQ(run({"EXISTS", key("wait:" + std::to_string(priority))}).integer, 0);
  }
}

TEST_F(RedisWaitingTest, ManyTimesArePackedSmall) {
  std::vector<Event> events;
  const auto random = seeded_random(3);
  for (uint64_t i = 0; i < 5'000; ++i)
    events.push_back(sample_event(i, std::chrono::microseconds(random->below(80'000'000'000))));
  for (size_t from = 0; from < events.size(); from += 16) {
    put({events.begin() + static_cast<ptrdiff_t>(from),
         events.begin() + static_cast<ptrdiff_t>(std::min(events.size(), from + 16))});
  }
  check("put");
  size_t bytes = 0;
  const auto index = key("wait:0");
  for (const auto& name : run({"ZRANGE", index, "0", "-1"}).items) {
    const auto leaf = index + ":" + name.text;
    EXPECT_THAT(run({"OBJECT", "ENCODING", leaf}).text, ::testing::AnyOf("listpack", "ziplist"));
    bytes += static_cast<size_t>(run({"MEMORY", "USAGE", leaf}).integer);
  }
  EXPECT_LT(bytes / events.size(), 60U) << "a plain sorted set takes 138";
}

TEST_F(RedisWaitingTest, PutOneByOneTheyLieInSmallLeavesToo) {
  const auto random = seeded_random(4);
  for (uint64_t i = 0; i < 600; ++i) {
    put({sample_event(i, std::chrono::microseconds(random->below(80'000'000'000)))});
  }
  check("put");
}

TEST_F(RedisWaitingTest, WhereTheShardIsAheadOfOurClockItsSequenceGoesOn) {
  const uint64_t top = static_cast<uint64_t>(to_micros(clock.wall())) + 3'600'000'000;
  run({"SET", key("top"), std::to_string(top)});
  std::vector<Event> events;
  for (uint64_t i = 0; i < 3; ++i) events.push_back(sample_event(i, 20s));
  const auto outcomes = await<std::vector<PutOutcome>>(
      [&](auto done) { store->store->near().put(events, PutMode::if_absent, std::move(done)); });
  ASSERT_TRUE(outcomes);
  const auto entries = window(std::chrono::hours(1));
  ASSERT_EQ(entries.size(), 3U);
  for (uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*outcomes)[i].sequence, top + 1 + i);
    EXPECT_EQ(entries[i].sequence, top + 1 + i);
    EXPECT_EQ(entries[i].id, events[i].id);
  }
}

TEST_F(RedisWaitingTest, WhatTheLayoutBeforeLeftIsTakenOver) {
  std::vector<Event> events;
  for (uint64_t i = 0; i < 1'300; ++i) {
    events.push_back(sample_event(i, std::chrono::milliseconds(i * 7)));
    if (i % 3 == 0) events.back().priority = -2;
  }
  put(events);
  // Back to how it lay: one sorted set for each priority, and the layout's old number.
  for (const char* priority : {"0", "-2"}) {
    const auto index = key(std::string("wait:") + priority);
    for (const auto& name : run({"ZRANGE", index, "0", "-1"}).items) {
      const auto leaf = index + ":" + name.text;
      const auto members = run({"ZRANGE", leaf, "0", "-1", "WITHSCORES"}).items;
      for (size_t i = 0; i + 1 < members.size(); i += 2) {
        run({"ZADD", key(std::string("due:") + priority), members[i + 1].text, members[i].text});
      }
      run({"DEL", leaf});
    }
    run({"DEL", index});
  }
  run({"HSET", prefix + "{schedules}:meta", "layout", "1"});
  store.reset();
  SetUp();
  check("taken over");
  EXPECT_EQ(run({"EXISTS", key("due:0"), key("due:-2")}).integer, 0);
  EXPECT_EQ(run({"HGET", prefix + "{schedules}:meta", "layout"}).text, "2");
}

}  // namespace schedules::testing
