#include "tests/conformance/event_backend.h"

namespace schedules::testing {

using namespace std::chrono_literals;

EventId sample_id(uint64_t n) { return derived_id("sample " + std::to_string(n)); }

Event sample_event(uint64_t n, Duration in) {
  Event event;
  event.id = sample_id(n);
  event.topic = "orders";
  event.entity_type = "order";
  event.entity_id = std::to_string(n);
  event.action = "remind";
  event.body = R"({"n":)" + std::to_string(n) + "}";
  event.due_at = ManualClock().wall() + in;
  event.fire_at = event.due_at;
  event.created_at = ManualClock().wall();
  event.fingerprint = 1000 + n;
  event.source = "api_request";
  return event;
}

Event full_event(uint64_t n) {
  Event event = sample_event(n, 90s);
  event.key = "key-é";
  event.body = R"({"text":"a\u0000b ✓"})";
  event.headers = {{"one", "1"}, {"two", std::string("\0\xff", 2)}};
  event.correlation_id = "corr";
  event.actor_type = "user";
  event.actor_id = "u-1";
  event.tags = {"red", "blue"};
  event.target = Target{.kind = TargetKind::webhook, .url = "https://example.org/hook"};
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.source = "schedule";
  event.fire_at = event.due_at + 7s;
  event.priority = -9;
  event.max_delay = 3600s;
  event.max_retries = 17;
  event.retry_delay = 1500ms;
  event.idempotency_key = "idem";
  event.fingerprint = 0xFEDCBA9876543210ULL;
  event.revision = 5;
  event.schedule_id = "0123456789abcdef01234567";
  event.schedule_name = "nightly";
  event.schedule_revision = 3;
  event.nominal_at = event.due_at - 3s;
  event.missed_count = 2;
  event.attempt = 1;
  event.attempts = {Attempt{.at = event.due_at + 1s, .error = "HTTP 503"}};
  return event;
}

void expect_same(const Event& a, const Event& b) {
  const auto values = [](const Event& e) {
    return std::tuple(
        std::tie(e.id, e.topic, e.key, e.entity_type, e.entity_id, e.action, e.body, e.headers, e.correlation_id,
                 e.actor_type, e.actor_id, e.tags, e.target, e.traceparent, e.source, e.due_at, e.fire_at,
                 e.created_at),
        std::tie(e.priority, e.max_delay, e.max_retries, e.retry_delay, e.idempotency_key, e.fingerprint, e.revision,
                 e.schedule_id, e.schedule_name, e.schedule_revision, e.nominal_at, e.missed_count, e.attempt));
  };
  EXPECT_TRUE(values(a) == values(b));
  ASSERT_EQ(a.attempts.size(), b.attempts.size());
  for (size_t i = 0; i < a.attempts.size(); ++i) {
    EXPECT_EQ(a.attempts[i].at, b.attempts[i].at);
    EXPECT_EQ(a.attempts[i].error, b.attempts[i].error);
  }
}

void EventStoreTest::open(EventStoreSetup setup) {
  setup_used = setup;
  stores = place->open(setup, clock);
}

void EventStoreTest::reopen() {
  stores = {};
  stores = place->open(setup_used, clock);
}

std::vector<PutOutcome> EventStoreTest::put(std::vector<Event> events, PutMode mode) {
  return await<std::vector<PutOutcome>>([&](auto done) { stores.near->put(std::move(events), mode, std::move(done)); })
      .value();
}

PutOutcome EventStoreTest::put_one(Event event, PutMode mode) {
  std::vector<Event> one;
  one.push_back(std::move(event));
  return put(std::move(one), mode).front();
}

std::vector<PutOutcome> EventStoreTest::put_far(std::vector<Event> events) {
  return await<std::vector<PutOutcome>>([&](auto done) { stores.far->put(std::move(events), std::move(done)); })
      .value();
}

WindowPage EventStoreTest::window(Duration until_in, size_t limit, uint32_t shard) {
  const WindowRequest request{.shard = shard, .epoch = 1, .now = now(), .until = now() + until_in, .limit = limit};
  return await<WindowPage>([&](auto done) { stores.near->window(request, std::move(done)); }).value();
}

std::vector<Event> EventStoreTest::begin(std::vector<WindowEntry> entries) {
  const uint32_t shard = entries.empty() ? 0 : entries.front().shard;
  BeginRequest request{.shard = shard, .epoch = 1, .entries = std::move(entries)};
  auto begun =
      await<std::vector<Event>>([&](auto done) { stores.near->begin(std::move(request), std::move(done)); }).value();
  const std::scoped_lock lock(begun_mutex);
  for (const auto& event : begun) begun_at[event.id] = event.fire_at;
  return begun;
}

std::vector<Event> EventStoreTest::begin_due(size_t limit) { return begin(window(Duration{}, limit).entries); }

void EventStoreTest::settle(std::vector<Event> events, State state, const std::string& reason) {
  std::vector<Settlement> settlements;
  for (auto& event : events) {
    const uint32_t shard = stores.near->shard_of(event.id);
    settlements.push_back(Settlement{.shard = shard,
                                     .epoch = 1,
                                     .begun_fire_at = begun_at[event.id],
                                     .event = std::move(event),
                                     .outcome = Outcome{.state = state,
                                                        .at = now(),
                                                        .settled_at = now() + 3ms,
                                                        .reason = reason,
                                                        .detail = "detail",
                                                        .sink = "stream",
                                                        .position = "42"}});
  }
  const auto settled = await<void>([&](auto done) { stores.near->settle(std::move(settlements), std::move(done)); });
  ASSERT_TRUE(settled) << settled.error().detail;
}

std::optional<StoredEvent> EventStoreTest::get(const EventId& id) {
  return await<std::vector<std::optional<StoredEvent>>>([&](auto done) { stores.catalog->get({id}, std::move(done)); })
      .value()
      .front();
}

EventPage EventStoreTest::find(EventFilter filter, size_t limit, const std::string& cursor) {
  FindRequest request{.filter = std::move(filter), .cursor = cursor, .limit = limit};
  return await<EventPage>([&](auto done) { stores.catalog->find(std::move(request), std::move(done)); }).value();
}

std::vector<StoredEvent> EventStoreTest::find_all(const EventFilter& filter, size_t limit) {
  std::vector<StoredEvent> all;
  std::string cursor;
  do {
    auto page = find(filter, limit, cursor);
    EXPECT_LE(page.events.size(), limit);
    for (auto& event : page.events) all.push_back(std::move(event));
    cursor = page.next_cursor;
  } while (!cursor.empty());
  return all;
}

Changed EventStoreTest::cancel(const EventId& id, std::optional<uint64_t> if_revision) {
  const CancelRequest request{.id = id, .if_revision = if_revision, .at = now(), .reason = "not wanted"};
  return await<std::vector<Changed>>([&](auto done) { stores.catalog->cancel({request}, std::move(done)); })
      .value()
      .front();
}

Changed EventStoreTest::change(Event event) {
  return await<std::vector<Changed>>([&](auto done) { stores.catalog->change({std::move(event)}, std::move(done)); })
      .value()
      .front();
}

std::vector<SlotCount> EventStoreTest::count_slots(Duration from_in, Duration width, size_t count) {
  const TimeSlots slots{now() + from_in, width, count};
  return await<std::vector<SlotCount>>([&](auto done) { stores.catalog->count_slots(slots, std::move(done)); }).value();
}

TierCounts EventStoreTest::counts() {
  return await<TierCounts>([&](auto done) { stores.catalog->counts(std::move(done)); }).value();
}

FarPage EventStoreTest::due_before(TimePoint until, size_t limit) {
  return await<FarPage>([&](auto done) { stores.far->due_before(until, limit, std::move(done)); }).value();
}

void EventStoreTest::mark_transferred(const std::vector<EventId>& ids, uint64_t revision) {
  std::vector<FarRevision> moved;
  for (const auto& id : ids) moved.push_back({id, revision});
  ASSERT_TRUE(await<void>([&](auto done) { stores.far->mark_transferred(std::move(moved), std::move(done)); }));
}

PutOutcome FarGuardTest::claim(const Event& event, Duration keep) {
  auto outcomes = await<std::vector<PutOutcome>>(
      [&](auto done) { stores.guard->claim({FarClaim{event.id, event.fingerprint, now() + keep}}, std::move(done)); });
  EXPECT_TRUE(outcomes) << outcomes.error().detail;
  return outcomes.value().at(0);
}

void FarGuardTest::hold_back(const EventId& id, uint64_t revision, Duration keep) {
  const auto held =
      await<void>([&](auto done) { stores.guard->hold_back({FarRevision{id, revision}}, keep, std::move(done)); });
  EXPECT_TRUE(held) << held.error().detail;
}

Changed FarGuardTest::cancel_far(const Event& event) {
  StoredEvent ended{.event = event, .state = State::cancelled, .tier = Tier::far};
  ended.outcome = Outcome{.state = State::cancelled, .at = now(), .settled_at = now(), .reason = "not wanted"};
  auto changed = await<std::vector<Changed>>([&](auto done) { stores.guard->cancel({ended}, std::move(done)); });
  EXPECT_TRUE(changed) << changed.error().detail;
  return changed.value().at(0);
}

std::vector<EventId> ids_of(const std::vector<WindowEntry>& entries) {
  std::vector<EventId> ids;
  for (const auto& entry : entries) ids.push_back(entry.id);
  return ids;
}

std::vector<EventId> ids_of(const std::vector<Event>& events) {
  std::vector<EventId> ids;
  for (const auto& event : events) ids.push_back(event.id);
  return ids;
}

std::vector<EventId> ids_of(const std::vector<StoredEvent>& events) {
  std::vector<EventId> ids;
  for (const auto& event : events) ids.push_back(event.event.id);
  return ids;
}

std::vector<EventId> sample_ids(std::initializer_list<uint64_t> numbers) {
  std::vector<EventId> ids;
  for (const uint64_t n : numbers) ids.push_back(sample_id(n));
  return ids;
}

}  // namespace schedules::testing
