// What only ClickHouse's tables can show of the far store: columns as others read them, layouts, partitions, two nodes.
#include "tests/conformance/clickhouse_far_fixture.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;

TEST_F(ClickHouseFarTest, ColumnsReadAsTheRunbookExpects) {
  Event plain = sample_event(1, 50h);
  plain.tags = {"source_id=order-7", "source_execution_id=x1"};
  plain.max_delay = 60s;
  Event occurrence = full_event(2);
  occurrence.due_at = occurrence.fire_at = now() + 60h;
  put(*store, {plain, occurrence});
  EXPECT_EQ(
      database.ask("SELECT schedule_id, event_id, topic, entity_type, entity_id, action, body, scheduled_at, status,"
                   " max_delay_seconds, source, source_id, source_execution_id, created_at, retry_count,"
                   " completed_at, error FROM event_schedules FINAL WHERE topic = 'orders' ORDER BY scheduled_at"
                   " LIMIT 1"),
      fmt::format("{0}\t{0}\torders\torder\t1\tremind\t{{\"n\":1}}\t2026-01-03 02:00:00.000000\tpending\t60\t"
                  "api_request\torder-7\tx1\t2026-01-01 00:00:00.000000\t0\t\\N\t\\N",
                  plain.id.text()));
  EXPECT_EQ(database.ask("SELECT schedule_id, source_id, actor_type, actor_id, priority, event_key, tags, max_retries,"
                         " revision, JSONExtractString(headers, 'one') FROM event_schedules FINAL WHERE priority = -9"),
            "0123456789abcdef01234567\t0123456789abcdef01234567\tuser\tu-1\t-9\tkey-é\t['red','blue']\t17\t5\t1");
  cancel(*store, plain.id);
  mark(*store, occurrence.id, occurrence.revision);
  EXPECT_EQ(
      database.ask("SELECT status, error, completed_at, body FROM event_schedules FINAL ORDER BY scheduled_at LIMIT 1"),
      "cancelled\tnot wanted\t2026-01-01 00:00:00.000000\t");
  EXPECT_EQ(database.ask("SELECT event_id, status, transferred_to_redis_at, payload FROM clickhouse_scheduled_events"
                         " WHERE priority = -9"),
            occurrence.id.text() + "\ttransferred_to_redis\t2026-01-01 00:00:00.000000\t");
}

TEST_F(ClickHouseFarTest, HostileTextComesBackFromEveryFieldAndFilter) {
  const std::string hostile = std::string("a'b\"c\\d\0e\nf\tg\rh`i;--{x:String} %00 é \\N", 40);
  Event event = full_event(1);
  event.topic = event.key = event.entity_type = event.entity_id = event.action = event.correlation_id = hostile;
  event.actor_type = event.actor_id = event.source = event.schedule_id = event.schedule_name = hostile;
  event.idempotency_key = event.traceparent = event.body = hostile;
  event.tags = {hostile, ""};
  event.headers = {{hostile, hostile}};
  put(*store, {event, sample_event(2, 30h)});
  expect_same(get(*store, event.id)->event, event);
  EventFilter filter{.topic = hostile,
                     .action = hostile,
                     .entity_type = hostile,
                     .entity_id = hostile,
                     .correlation_id = hostile,
                     .schedule_id = hostile,
                     .source = hostile,
                     .tag = hostile};
  EXPECT_EQ(ids_of(find(*store, filter).events), std::vector{event.id});
  filter.tag = hostile + "x";
  EXPECT_TRUE(find(*store, filter).events.empty());
  // As a cursor it comes back too.
  const auto page = find(*store, {}, 1);
  EXPECT_EQ(ids_of(find(*store, {}, 1, page.next_cursor).events), sample_ids({2}));
}

TEST_F(ClickHouseFarTest, DueTimesOfAHundredYears) {
  std::vector<Event> events;
  for (uint64_t i = 0; i < 100; ++i) events.push_back(sample_event(i, i * 24h * 365 + 1us));
  put(*store, events);
  EXPECT_EQ(ids_of(due(*store, 24h * 365 * 100, 1000).events), ids_of(events));
  EXPECT_EQ(due(*store, 99 * 24h * 365, 1000).events.size(), 99U) << "one microsecond matters";
}

TEST_F(ClickHouseFarTest, FilteredPagesGoOnWhereALookEnded) {
  std::vector<Event> events;
  std::vector<EventId> wanted;
  for (uint64_t i = 0; i < 45'000; ++i) {
    events.push_back(sample_event(i, 24h + i * 1s));
    if (i % 22'000 != 0) continue;
    events.back().topic = "rare";
    wanted.push_back(events.back().id);
  }
  put(*store, events);
  std::vector<EventId> found;
  std::string cursor;
  int pages = 0;
  do {
    const auto page = find(*store, {.topic = "rare"}, 10, cursor);
    for (const auto& id : ids_of(page.events)) found.push_back(id);
    cursor = page.next_cursor;
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(pages, 3) << "each looks at 20,000";
}

TEST_F(ClickHouseFarTest, CountsFollowPutCancelAndTransfer) {
  put(*store, {sample_event(1, 30h), sample_event(2, 40h), sample_event(3, 50h)});
  EXPECT_EQ(counts(*store).pending, 3U);
  EXPECT_EQ(counts(*store).next_fire_at, now() + 30h);
  mark(*store, sample_id(1));
  cancel(*store, sample_id(2));
  EXPECT_EQ(counts(*store).pending, 1U);
  EXPECT_EQ(counts(*store).remembered, 1U);
  EXPECT_EQ(counts(*store).next_fire_at, now() + 50h);
  clock.advance(25h);
  EXPECT_EQ(counts(*store).remembered, 0U);
}

TEST_F(ClickHouseFarTest, AnIdIsFreeAgainOnceItIsForgotten) {
  const Event first = sample_event(1, 100h);
  put(*store, {first});
  cancel(*store, first.id);
  EXPECT_EQ(put(*store, {first}).front().result, PutResult::exists);
  clock.advance(25h);
  EXPECT_FALSE(get(*store, first.id));
  EXPECT_EQ(put(*store, {first}).front().result, PutResult::created);
  EXPECT_EQ(get(*store, first.id)->state, State::pending);
  EXPECT_EQ(ids_of(due(*store, 200h).events), std::vector{first.id});
  EXPECT_EQ(cancel(*store, first.id).result, ChangeResult::done);
}

TEST_F(ClickHouseFarTest, WhatIsNearIsNotStoredAgain) {
  put(*store, {sample_event(1, 30h)});
  mark(*store, sample_id(1));
  EXPECT_FALSE(get(*store, sample_id(1)));
  const auto again = put(*store, {sample_event(1, 30h)}).front();
  EXPECT_EQ(again.result, PutResult::exists);
  EXPECT_EQ(again.existing->tier, Tier::near);
  EXPECT_TRUE(due(*store, 100h).events.empty());
}

TEST_F(ClickHouseFarTest, OneGroupAppliesItsCallsInOrder) {
  // While the first waits for the server, the others become one group.
  set_clickhouse_faults(R"([{"match":"event_schedule_ids","delay":0.3}])");
  Event moved = sample_event(2, 70h);
  std::vector<std::future<Result<std::vector<Changed>>>> changes;
  const auto first = start_put(*store, {sample_event(1, 30h)});
  const auto second = start_put(*store, {sample_event(2, 40h), sample_event(2, 40h)});
  changes.push_back(start_change(*store, {moved}));
  changes.push_back(start_cancel(*store, sample_id(2)));
  changes.push_back(start_change(*store, {moved}));
  EXPECT_EQ(first->get().value()[0].result, PutResult::created);
  const auto outcomes = second->get().value();
  EXPECT_EQ(outcomes[0].result, PutResult::created);
  EXPECT_EQ(outcomes[1].result, PutResult::exists);
  EXPECT_EQ(changes[0].get().value()[0].result, ChangeResult::done);
  EXPECT_EQ(changes[1].get().value()[0].result, ChangeResult::done);
  EXPECT_EQ(changes[2].get().value()[0].result, ChangeResult::already_finished);
  EXPECT_EQ(get(*store, sample_id(2))->state, State::cancelled);
  EXPECT_EQ(ids_of(due(*store, 100h).events), sample_ids({1}));
}

TEST_F(ClickHouseFarTest, RoundsSideBySideNeverShareAnEvent) {
  set_clickhouse_faults(R"([{"match":"event_schedule_ids (","delay":0.3}])");
  const auto first = start_put(*store, {sample_event(1, 30h)});
  std::vector<Event> crowd;
  for (uint64_t n = 10'000; n > 0; --n) crowd.push_back(sample_event(n, 40h));
  const auto second = start_put(*store, std::move(crowd));
  EXPECT_EQ(first->get().value().front().result, PutResult::created);
  EXPECT_EQ(second->get().value().back().result, PutResult::exists);
  EXPECT_EQ(get(*store, sample_id(1))->event.due_at, now() + 30h);
  EXPECT_EQ(counts(*store).pending, 10'000U);
}

TEST_F(ClickHouseFarTest, AnOldRowThatWasLeftOpenIsPassedOverAndClosed) {
  put(*store, {sample_event(1, 30h), sample_event(2, 31h)});
  Event event = get(*store, sample_id(1))->event;
  event.due_at = event.fire_at = now() + 90h;
  change(*store, event);
  // As if the process had died before it closed the old row.
  ASSERT_EQ(database.ask("INSERT INTO event_schedules SELECT * REPLACE ('pending' AS status, version + 1 AS version)"
                         " FROM (SELECT * FROM event_schedules FINAL WHERE status = 'skipped')"),
            "");
  ASSERT_EQ(database.ask("SELECT count() FROM event_schedules FINAL WHERE status = 'pending'"), "3");
  EXPECT_EQ(ids_of(due(*store, 48h, 1).events), sample_ids({2}));
  EXPECT_EQ(database.ask("SELECT count() FROM event_schedules FINAL WHERE status = 'pending'"), "2");
  EXPECT_EQ(get(*store, sample_id(1))->event.due_at, event.due_at);
}

TEST_F(ClickHouseFarTest, PastPartitionsGoButNeverWhatWaits) {
  put(*store, {sample_event(1, 30h), sample_event(2, 54h), sample_event(3, 55h), sample_event(4, 24h * 40)});
  mark(*store, sample_id(1));
  cancel(*store, sample_id(2));
  EXPECT_EQ(sweep(*store), 0U);
  clock.advance(24h * 4);
  EXPECT_EQ(sweep(*store), 1U) << "of the 2nd of January; on the 3rd one still waits";
  EXPECT_EQ(ids_of(due(*store, 0s).events), sample_ids({3}));
  clock.advance(24h * 100);
  EXPECT_EQ(sweep(*store), 0U);
  mark(*store, sample_id(3));
  mark(*store, sample_id(4));
  EXPECT_EQ(sweep(*store), 2U);
  EXPECT_EQ(database.ask("SELECT count() FROM event_schedules"), "0");
  EXPECT_EQ(sweep(*store), 2U) << "the pointers of January and February";
  EXPECT_EQ(database.ask("SELECT count() FROM event_schedule_ids"), "0");
}

TEST_F(ClickHouseFarTest, OfACancelAndAChangeOnTwoNodesTheCancelStands) {
  const auto other = open();
  std::vector<Event> events;
  for (uint64_t i = 0; i < 60; ++i) events.push_back(sample_event(i, 30h));
  put(*store, events);
  std::vector<std::future<Result<std::vector<Changed>>>> cancels;
  std::vector<std::future<Result<std::vector<Changed>>>> changes;
  for (auto event : events) {
    event.due_at = event.fire_at = now() + 40h;
    changes.push_back(start_change(*other, {event}));
    cancels.push_back(start_cancel(*store, event.id));
  }
  for (size_t i = 0; i < events.size(); ++i) {
    ASSERT_TRUE(changes[i].get());
    const auto cancelled = cancels[i].get().value().front();
    ASSERT_EQ(cancelled.result, ChangeResult::done);
    EXPECT_EQ(get(*other, events[i].id)->state, State::cancelled);
  }
  EXPECT_TRUE(due(*store, 100h).events.empty());
}

TEST_F(ClickHouseFarTest, OfTwoChangesOnTwoNodesNoneIsMixed) {
  const auto other = open();
  std::vector<Event> events;
  for (uint64_t i = 0; i < 60; ++i) events.push_back(sample_event(i, 30h));
  put(*store, events);
  std::vector<std::future<Result<std::vector<Changed>>>> ones;
  std::vector<std::future<Result<std::vector<Changed>>>> twos;
  for (auto event : events) {
    event.due_at = event.fire_at = now() + 40h;
    event.body = "one";
    ones.push_back(start_change(*store, {event}));
    event.due_at = event.fire_at = now() + (event.entity_id.size() % 2 == 0 ? 40h : 50h);
    event.body = "two";
    twos.push_back(start_change(*other, {event}));
  }
  for (size_t i = 0; i < events.size(); ++i) {
    const bool one = ones[i].get().value().front().result == ChangeResult::done;
    const bool two = twos[i].get().value().front().result == ChangeResult::done;
    const auto stored = get(*store, events[i].id);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->event.revision, 2U);
    EXPECT_TRUE(one || two);
    EXPECT_TRUE((one && stored->event.body == "one") || (two && stored->event.body == "two"));
  }
  EXPECT_EQ(due(*store, 100h).events.size(), events.size()) << "each waits once";
}

}  // namespace
}  // namespace schedules::testing
