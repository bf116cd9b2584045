// Event catalog: look, find, cancel, change, count.
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

using namespace std::chrono_literals;

TEST_P(EventCatalogTest, UnknownIdIsAbsent) {
  open();
  EXPECT_FALSE(get(sample_id(1)));
  EXPECT_EQ(cancel(sample_id(1)).result, ChangeResult::not_found);
  EXPECT_EQ(change(sample_event(1)).result, ChangeResult::not_found);
  EXPECT_FALSE(change(sample_event(1)).current);
}

TEST_P(EventCatalogTest, CancelledIsRememberedWithItsReason) {
  open();
  put_one(full_event(1));
  const auto changed = cancel(sample_id(1));
  EXPECT_EQ(changed.result, ChangeResult::done);
  ASSERT_TRUE(changed.current);
  EXPECT_EQ(changed.current->state, State::cancelled);
  const auto stored = get(sample_id(1));
  EXPECT_EQ(stored->state, State::cancelled);
  EXPECT_EQ(stored->outcome.reason, "not wanted");
  EXPECT_EQ(stored->outcome.at, now());
  EXPECT_TRUE(window(100h).entries.empty());
  EXPECT_EQ(cancel(sample_id(1)).result, ChangeResult::already_finished);
}

TEST_P(EventCatalogTest, CancelOfWhatIsInFlightOrDone) {
  if (!GetParam().fires) GTEST_SKIP() << "nothing is begun here";
  open();
  put_one(sample_event(1));
  const auto begun = begin_due();
  const auto in_flight = cancel(sample_id(1));
  EXPECT_EQ(in_flight.result, ChangeResult::in_flight);
  EXPECT_EQ(in_flight.current->state, State::in_flight);
  settle(begun, State::fired);
  const auto finished = cancel(sample_id(1));
  EXPECT_EQ(finished.result, ChangeResult::already_finished);
  EXPECT_EQ(finished.current->state, State::fired);
}

TEST_P(EventCatalogTest, CancelChecksTheRevision) {
  open();
  put_one(sample_event(1));
  const auto refused = cancel(sample_id(1), 2);
  EXPECT_EQ(refused.result, ChangeResult::revision_conflict);
  EXPECT_EQ(refused.current->event.revision, 1U);
  EXPECT_EQ(cancel(sample_id(1), 1).result, ChangeResult::done);
}

TEST_P(EventCatalogTest, ChangeReplacesAndCountsTheRevision) {
  open();
  put_one(sample_event(1, 10s));
  Event event = get(sample_id(1))->event;
  event.due_at -= 5s;
  event.fire_at = event.due_at;
  event.priority = 4;
  event.body = R"({"new":1})";
  const auto changed = change(event);
  EXPECT_EQ(changed.result, ChangeResult::done);
  event.revision = 2;
  ASSERT_TRUE(changed.current);
  expect_same(changed.current->event, event);
  expect_same(get(sample_id(1))->event, event);
  const auto entries = window(60s).entries;
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries.front().fire_at, event.fire_at);
  EXPECT_EQ(entries.front().priority, 4);
  EXPECT_EQ(change(sample_event(1)).result, ChangeResult::revision_conflict);
  EXPECT_EQ(counts().pending, 1U);
}

TEST_P(EventCatalogTest, ChangeOfWhatIsInFlightOrDone) {
  if (!GetParam().fires) GTEST_SKIP() << "nothing is begun here";
  open();
  put_one(sample_event(1));
  const auto begun = begin_due();
  EXPECT_EQ(change(sample_event(1)).result, ChangeResult::in_flight);
  settle(begun, State::fired);
  EXPECT_EQ(change(sample_event(1)).result, ChangeResult::already_finished);
}

TEST_P(EventCatalogTest, SeveralChangesOfOneIdInOneCall) {
  open();
  put_one(sample_event(1));
  const CancelRequest request{.id = sample_id(1), .at = now()};
  const auto changed = await<std::vector<Changed>>([&](auto done) {
                         stores.catalog->cancel({request, request}, std::move(done));
                       }).value();
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(changed[0].result, ChangeResult::done);
  EXPECT_EQ(changed[1].result, ChangeResult::already_finished);
  EXPECT_EQ(counts().remembered, 1U);
}

TEST_P(EventCatalogTest, GetAnswersInTheOrderAsked) {
  open();
  put({sample_event(1), sample_event(2)});
  const auto found = await<std::vector<std::optional<StoredEvent>>>([&](auto done) {
                       stores.catalog->get(sample_ids({2, 9, 1, 2}), std::move(done));
                     }).value();
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0]->event.id, sample_id(2));
  EXPECT_FALSE(found[1]);
  EXPECT_EQ(found[2]->event.id, sample_id(1));
  EXPECT_EQ(found[3]->event.id, sample_id(2));
}

TEST_P(EventCatalogTest, PagesHaveNoGapsAndNoRepeats) {
  open({.shards = 3});
  std::vector<Event> events;
  for (uint64_t i = 0; i < 250; ++i) {
    events.push_back(sample_event(i, std::chrono::seconds((i * 7919) % 100)));
    events.back().priority = static_cast<int8_t>(i % 3);
  }
  put(events);
  if (!GetParam().accept_order) std::ranges::sort(events, {}, &Event::id);
  std::ranges::stable_sort(events, {}, &Event::fire_at);
  for (const size_t limit : {1, 7, 100, 1000}) {
    EXPECT_EQ(ids_of(find_all({}, limit)), ids_of(events)) << limit;
  }
}

TEST_P(EventCatalogTest, PagesStayInPlaceWhileEventsComeAndGo) {
  open();
  for (uint64_t i = 0; i < 20; ++i) put_one(sample_event(i, std::chrono::seconds(i)));
  const auto first = find({}, 10);
  cancel(sample_id(9));
  cancel(sample_id(12));
  put_one(sample_event(100, 500ms));
  const auto second = find({}, 10, first.next_cursor);
  EXPECT_EQ(ids_of(second.events), sample_ids({10, 11, 13, 14, 15, 16, 17, 18, 19}));
  EXPECT_TRUE(second.next_cursor.empty());
}

TEST_P(EventCatalogTest, FiltersSelect) {
  open();
  Event odd = full_event(1);
  put({odd, sample_event(2), sample_event(3)});
  EventFilter all;
  all.topic = odd.topic;
  all.action = odd.action;
  all.entity_type = odd.entity_type;
  all.entity_id = odd.entity_id;
  all.correlation_id = odd.correlation_id;
  all.schedule_id = odd.schedule_id;
  all.source = odd.source;
  all.tag = "blue";
  EXPECT_EQ(ids_of(find_all(all, 10)), sample_ids({1}));
  all.tag = "green";
  EXPECT_TRUE(find_all(all, 10).empty());
  EXPECT_EQ(find_all({.entity_id = "3"}, 1).size(), 1U);
}

TEST_P(EventCatalogTest, FiltersPageWithoutGaps) {
  open();
  std::vector<Event> events;
  std::vector<EventId> wanted;
  for (uint64_t i = 0; i < 300; ++i) {
    events.push_back(sample_event(i, std::chrono::seconds(i)));
    if (i % 11 != 0) continue;
    events.back().topic = "rare";
    wanted.push_back(sample_id(i));
  }
  put(events);
  EXPECT_EQ(ids_of(find_all({.topic = "rare"}, 4)), wanted);
}

TEST_P(EventCatalogTest, DueRangeIsHalfOpen) {
  open();
  put({sample_event(1, 1s), sample_event(2, 2s), sample_event(3, 3s), sample_event(4, 4s)});
  EXPECT_EQ(ids_of(find_all({.due_from = now() + 2s, .due_to = now() + 4s}, 1)), sample_ids({2, 3}));
}

TEST_P(EventCatalogTest, DueRangeFindsWhatWaitsForARetry) {
  if (!GetParam().fires) GTEST_SKIP() << "nothing is begun here";
  open();
  put({sample_event(1), sample_event(2, 50s)});
  auto begun = begin_due();
  begun.front().fire_at += 100s;
  settle(begun, State::pending, "retry");
  EXPECT_EQ(ids_of(find_all({.due_to = now() + 10s}, 10)), sample_ids({1}));
  reopen();
  EXPECT_EQ(ids_of(find_all({.due_to = now() + 10s}, 10)), sample_ids({1}));
}

TEST_P(EventCatalogTest, FindShowsWhatIsInFlight) {
  if (!GetParam().fires) GTEST_SKIP() << "nothing is begun here";
  open();
  put_one(sample_event(1));
  begin_due();
  const auto found = find().events;
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().state, State::in_flight);
}

TEST_P(EventCatalogTest, ForeignCursorIsRefused) {
  open();
  for (const std::string cursor : {"x", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "far.1"}) {
    const auto page =
        await<EventPage>([&](auto done) { stores.catalog->find(FindRequest{.cursor = cursor}, std::move(done)); });
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(page.error().code, Code::invalid_argument);
    EXPECT_EQ(page.error().field, "cursor");
  }
}

TEST_P(EventCatalogTest, SlotsCountWhatWaits) {
  open({.shards = 3});
  std::vector<Event> events;
  std::vector<uint64_t> expected(24);
  for (uint64_t i = 0; i < 600; ++i) {
    // Also before the first slot and behind the last one; many at one time, and some just where a slot begins.
    const auto in = std::chrono::minutes((i * i * 7919) % 1'900) - 100min;
    events.push_back(sample_event(i, in + 2h));
    events.back().priority = static_cast<int8_t>(i % 3);
    if (in >= 0min && in < 24h) ++expected[static_cast<size_t>(in / 1h)];
  }
  for (uint64_t i = 600; i < 700; ++i) events.push_back(sample_event(i, 2h + 90min));
  expected[1] += 100;
  put(events);
  cancel(events.back().id);
  --expected[1];
  const auto counted = count_slots(2h, 1h, expected.size());
  ASSERT_EQ(counted.size(), expected.size());
  for (size_t slot = 0; slot < expected.size(); ++slot) {
    EXPECT_EQ(counted[slot].count, expected[slot]) << slot;
    EXPECT_FALSE(counted[slot].more) << slot;
  }
  // One slot for all, and slots that hold no more than one instant.
  const auto all = count_slots(-100h, 1'000h, 1);
  EXPECT_EQ(all.front().count, events.size() - 1);
  const auto due_then = std::ranges::count(events, now() + 2h + 90min, &Event::due_at);
  const auto instant = count_slots(2h + 90min, Duration(1), 2);
  EXPECT_EQ(instant[0].count, static_cast<uint64_t>(due_then - 1));
  EXPECT_EQ(instant[1].count, 0U);
}

TEST_P(EventCatalogTest, CountsFollowEveryChange) {
  if (!GetParam().fires) GTEST_SKIP() << "nothing is begun here";
  open();
  put({sample_event(1), sample_event(2, 20s), sample_event(3, 30s), sample_event(4, 40s)});
  EXPECT_EQ(counts().pending, 4U);
  EXPECT_EQ(counts().next_fire_at, now());
  const auto begun = begin_due();
  EXPECT_EQ(counts().pending, 3U);
  EXPECT_EQ(counts().in_flight, 1U);
  EXPECT_EQ(counts().next_fire_at, now() + 20s);
  settle(begun, State::fired);
  cancel(sample_id(2));
  EXPECT_EQ(counts().pending, 2U);
  EXPECT_EQ(counts().in_flight, 0U);
  EXPECT_EQ(counts().remembered, 2U);
  EXPECT_EQ(counts().next_fire_at, now() + 30s);
  reopen();
  EXPECT_EQ(counts().pending, 2U);
  EXPECT_EQ(counts().remembered, 2U);
}

TEST_P(EventCatalogTest, CountsForgetWhatIsForgotten) {
  if (!GetParam().fires) GTEST_SKIP() << "nothing is begun here";
  open({.dedupe_window = 60s});
  put_one(sample_event(1));
  settle(begin_due(), State::fired);
  EXPECT_EQ(counts().remembered, 1U);
  clock.advance(120s);
  EXPECT_EQ(counts().remembered, 0U);
  put_one(sample_event(2));
  EXPECT_EQ(counts().remembered, 0U);
}

}  // namespace schedules::testing
