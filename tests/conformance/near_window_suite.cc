// Near store: the window, begin and settle, by one thread.
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

using namespace std::chrono_literals;

TEST_P(NearStoreTest, WindowGoesByFireTimeThenAcceptOrder) {
  open();
  put({sample_event(1, 3s), sample_event(2, 1s), sample_event(3, 2s)});
  put({sample_event(4, 2s)});
  const auto page = window(10s);
  EXPECT_EQ(ids_of(page.entries), sample_ids({2, 3, 4, 1}));
  EXPECT_EQ(page.covered_until, now() + 10s);
  EXPECT_FALSE(page.next_fire_at);
}

TEST_P(NearStoreTest, WindowEndsAtUntilAndTellsWhatComesNext) {
  open();
  put({sample_event(1, 1s), sample_event(2, 2s), sample_event(3, 3s)});
  const auto page = window(2s);
  EXPECT_EQ(ids_of(page.entries), sample_ids({1, 2}));
  EXPECT_EQ(page.covered_until, now() + 2s);
  EXPECT_EQ(page.next_fire_at, now() + 3s);
}

TEST_P(NearStoreTest, FullWindowCoversLess) {
  open();
  put({sample_event(1, 1s), sample_event(2, 2s), sample_event(3, 2s), sample_event(4, 5s)});
  const auto page = window(10s, 2);
  EXPECT_EQ(ids_of(page.entries), sample_ids({1, 2}));
  EXPECT_LT(page.covered_until, now() + 2s);
  EXPECT_GE(page.covered_until, now() + 1s);
  EXPECT_EQ(page.next_fire_at, now() + 2s);
}

TEST_P(NearStoreTest, WindowThatDoesNotHoldWhatIsDueCoversNothing) {
  open();
  put({sample_event(1, 1s), sample_event(2, 2s), sample_event(3, 3s), sample_event(4, 60s)});
  clock.advance(10s);
  const auto page = window(100s, 2);
  EXPECT_EQ(ids_of(page.entries), sample_ids({1, 2}));
  EXPECT_EQ(page.covered_until, TimePoint::min());
  begin(page.entries);
  const auto rest = window(100s, 2);
  EXPECT_EQ(ids_of(rest.entries), sample_ids({3, 4}));
  EXPECT_EQ(rest.covered_until, now() + 100s);
}

TEST_P(NearStoreTest, WindowLeavesOutWhatIsInFlight) {
  open();
  put({sample_event(1), sample_event(2), sample_event(3, 30s)});
  auto entries = window(Duration{}).entries;
  entries.resize(1);
  begin(entries);
  const auto page = window(1s);
  EXPECT_EQ(ids_of(page.entries), sample_ids({2}));
  EXPECT_EQ(page.covered_until, now() + 1s);
  EXPECT_EQ(page.next_fire_at, now() + 30s);
}

TEST_P(NearStoreTest, WindowOfAnEmptyStore) {
  open({.shards = 3});
  const auto page = window(5s, 10, 2);
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(page.covered_until, now() + 5s);
  EXPECT_FALSE(page.next_fire_at);
}

TEST_P(NearStoreTest, ShardsHoldTheirOwn) {
  open({.shards = 5});
  std::vector<Event> events;
  for (uint64_t i = 0; i < 100; ++i) events.push_back(sample_event(i));
  put(events);
  size_t seen = 0;
  for (uint32_t shard = 0; shard < 5; ++shard) {
    for (const auto& entry : window(1s, 1000, shard).entries) {
      EXPECT_EQ(entry.shard, shard);
      EXPECT_EQ(stores.near->shard_of(entry.id), shard);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 100U);
}

// S13: one level of priority is worth 5 s of waiting, over a backlog that does not fit into one window.
TEST_P(NearStoreTest, BacklogLeavesByRank) {
  open();
  std::vector<Event> events;
  for (uint64_t i = 0; i < 190; ++i) {
    events.push_back(sample_event(i, std::chrono::seconds(i % 60)));
    events.back().priority = static_cast<int8_t>(static_cast<int>(i % 19) - 9);
  }
  put(events);
  clock.advance(60s);
  std::vector<int64_t> ranks;
  while (true) {
    const auto page = window(1s, 7);
    if (page.entries.empty()) break;
    const auto begun = begin(page.entries);
    ASSERT_EQ(begun.size(), page.entries.size());
    for (const auto& event : begun) ranks.push_back(event.rank());
    settle(begun, State::fired);
  }
  ASSERT_EQ(ranks.size(), 190U);
  EXPECT_TRUE(std::ranges::is_sorted(ranks));
}

TEST_P(NearStoreTest, PriorityDoesNotMatterBeforeItIsDue) {
  open();
  Event urgent = sample_event(2, 11s);
  urgent.priority = 9;
  put({sample_event(1, 10s), urgent});
  EXPECT_EQ(ids_of(window(60s).entries), sample_ids({1, 2}));
  clock.advance(20s);
  EXPECT_EQ(ids_of(window(60s).entries), sample_ids({2, 1}));
}

TEST_P(NearStoreTest, BeginAnswersInTheOrderAsked) {
  open();
  put({sample_event(1), sample_event(2), sample_event(3)});
  auto entries = window(1s).entries;
  std::ranges::reverse(entries);
  EXPECT_EQ(ids_of(begin(entries)), sample_ids({3, 2, 1}));
}

TEST_P(NearStoreTest, BeginTwiceGivesNothing) {
  open();
  put_one(sample_event(1));
  const auto entries = window(1s).entries;
  EXPECT_EQ(begin(entries).size(), 1U);
  EXPECT_TRUE(begin(entries).empty());
  EXPECT_EQ(get(sample_id(1))->state, State::in_flight);
  EXPECT_EQ(counts().in_flight, 1U);
  EXPECT_EQ(counts().pending, 0U);
}

TEST_P(NearStoreTest, BeginFindsByIdWhereTheSequenceIsNotKnown) {
  open();
  put({sample_event(1, 1s)});
  WindowEntry entry{.id = sample_id(1), .fire_at = now() + 1s, .sequence = 0};
  WindowEntry elsewhere = entry;
  elsewhere.fire_at += 1s;
  EXPECT_TRUE(begin({elsewhere}).empty()) << "waits at another time";
  EXPECT_EQ(ids_of(begin({entry})), sample_ids({1}));
}

TEST_P(NearStoreTest, BeginLeavesOutWhatIsGoneOrMoved) {
  open();
  put({sample_event(1), sample_event(2), sample_event(3)});
  const auto entries = window(1s).entries;
  cancel(sample_id(1));
  Event moved = get(sample_id(2))->event;
  moved.due_at += 30s;
  moved.fire_at = moved.due_at;
  ASSERT_EQ(change(moved).result, ChangeResult::done);
  EXPECT_EQ(ids_of(begin(entries)), sample_ids({3}));
  EXPECT_EQ(counts().in_flight, 1U);
}

TEST_P(NearStoreTest, RetryWaitsAgainWithItsAttempts) {
  open();
  put_one(sample_event(1));
  auto begun = begin_due();
  begun.front().fire_at += 30s;
  begun.front().attempt = 1;
  begun.front().attempts.push_back(Attempt{.at = now(), .error = "refused"});
  settle(begun, State::pending, "retry");
  EXPECT_EQ(get(sample_id(1))->state, State::pending);
  EXPECT_TRUE(window(29s).entries.empty());
  EXPECT_EQ(window(29s).next_fire_at, now() + 30s);
  clock.advance(30s);
  const auto again = begin_due();
  ASSERT_EQ(again.size(), 1U);
  expect_same(again.front(), begun.front());
}

TEST_P(NearStoreTest, GivenBackAtTheSameTimeIsBegunAgain) {
  open();
  put_one(sample_event(1));
  for (int i = 0; i < 3; ++i) {
    const auto begun = begin_due();
    ASSERT_EQ(begun.size(), 1U) << i;
    settle(begun, State::pending, "shutdown");
  }
  EXPECT_EQ(counts().pending, 1U);
  settle(begin_due(), State::fired);
  EXPECT_EQ(counts().pending, 0U);
  reopen();
  EXPECT_TRUE(window(60s).entries.empty());
}

TEST_P(NearStoreTest, SettlingTwiceChangesNothing) {
  open();
  put_one(sample_event(1));
  const auto begun = begin_due();
  settle(begun, State::fired);
  settle(begun, State::pending);
  settle(begun, State::dead);
  EXPECT_EQ(get(sample_id(1))->state, State::fired);
  EXPECT_EQ(counts().pending, 0U);
  EXPECT_EQ(counts().remembered, 1U);
}

TEST_P(NearStoreTest, EveryFinalStateIsRemembered) {
  open();
  put({sample_event(1), sample_event(2), sample_event(3)});
  const auto begun = begin_due();
  settle({begun[0]}, State::fired);
  settle({begun[1]}, State::skipped, "expired");
  settle({begun[2]}, State::dead, "rejected");
  reopen();
  EXPECT_EQ(get(begun[0].id)->state, State::fired);
  EXPECT_EQ(get(begun[1].id)->outcome.reason, "expired");
  EXPECT_EQ(get(begun[2].id)->outcome.reason, "rejected");
}

}  // namespace schedules::testing
