// The way of an event in Redis where something goes wrong: answers that are lost, memory that is short, a damaged record, nodes
// that die with claims; and windows longer than one call of Redis.
#include <cstring>

#include "store/redis/scripts.h"
#include "store/redis/value.h"
#include "tests/conformance/redis_place.h"
#include "tests/support/server_control.h"
#include "tests/support/tcp_proxy.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

constexpr uint64_t kEpoch = 1'000;

class RedisFiringTest : public ::testing::Test {
 protected:
  /// `patience`: of its calls; short where a test waits for one to be given up.
  std::shared_ptr<OpenRedis> open(const std::string& address, const std::string& node = "one",
                                  std::chrono::milliseconds patience = 30s) {
    auto opened = OpenRedis::open("redis://" + address, {.prefix = prefix, .shards = 1, .node_id = node}, clock,
                                  {.connect_timeout = patience, .timeout = patience});
    opened->own(0, kEpoch, prefix);
    return opened;
  }
  static std::string server() { return environment("SCHEDULES_TEST_REDIS"); }

  static Result<std::vector<PutOutcome>> put(OpenRedis& at, std::vector<Event> events) {
    return await<std::vector<PutOutcome>>(
        [&](auto done) { at.store->near().put(std::move(events), PutMode::if_absent, std::move(done)); });
  }
  Result<WindowPage> window(OpenRedis& at, uint64_t epoch = kEpoch, size_t limit = 1'000) {
    const WindowRequest request{
        .shard = 0, .epoch = epoch, .now = clock.wall(), .until = clock.wall() + 60s, .limit = limit};
    return await<WindowPage>([&](auto done) { at.store->near().window(request, std::move(done)); });
  }
  static Result<std::vector<Event>> begin(OpenRedis& at, std::vector<WindowEntry> entries, uint64_t epoch = kEpoch) {
    return await<std::vector<Event>>([&](auto done) {
      at.store->near().begin({.shard = 0, .epoch = epoch, .entries = std::move(entries)}, std::move(done));
    });
  }
  Result<void> settle(OpenRedis& at, const std::vector<Event>& events, uint64_t epoch = kEpoch) {
    std::vector<Settlement> settlements;
    for (const auto& event : events) {
      settlements.push_back({.shard = 0,
                             .epoch = epoch,
                             .begun_fire_at = event.fire_at,
                             .event = event,
                             .outcome = {.state = State::fired, .at = clock.wall(), .settled_at = clock.wall()}});
    }
    return await<void>([&](auto done) { at.store->near().settle(std::move(settlements), std::move(done)); });
  }
  static TierCounts counts(OpenRedis& at) {
    return await<TierCounts>([&](auto done) { at.store->catalog().counts(std::move(done)); }).value();
  }
  static Result<std::vector<redis::Reply>> run(OpenRedis& at, std::vector<std::string> words) {
    return await<std::vector<redis::Reply>>(
        [&](auto done) { at.client->run({.key = "", .commands = {std::move(words)}}, std::move(done)); });
  }
  std::string key(const std::string& name) const { return prefix + "{schedules:0}:" + name; }
  template <class Fact>
  static void until(Fact fact, const char* what) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!fact()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
      std::this_thread::sleep_for(10ms);
    }
  }

  ManualClock clock;
  std::string prefix = fresh_prefix();
};

}  // namespace

// Redis has done it, nobody knows: they must not stay in flight until the shard has another owner.
TEST_F(RedisFiringTest, WhatALostBeginBeganWaitsAgain) {
  TcpProxy proxy(server());
  const auto store = open(proxy.address(), "one", 1s);
  ASSERT_TRUE(put(*store, {sample_event(1), sample_event(2)}));
  const auto page = window(*store);
  ASSERT_EQ(page.value().entries.size(), 2U);
  ASSERT_TRUE(begin(*store, {WindowEntry{.id = sample_id(99)}})) << "Redis knows the script now";
  proxy.set(TcpProxy::Mode::swallow_answers);
  const auto lost = begin(*store, page->entries);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::unavailable);
  proxy.set(TcpProxy::Mode::pass);
  proxy.cut();
  const auto direct = open(server());
  EXPECT_EQ(counts(*direct).in_flight, 2U) << "the test did what it says";
  Result<WindowPage> again;
  until([&] { return (again = window(*store)).has_value(); }, "Redis is back");
  EXPECT_EQ(ids_of(again->entries), ids_of(page->entries));
  const auto begun = begin(*store, again->entries);
  ASSERT_TRUE(begun);
  ASSERT_EQ(begun->size(), 2U);
  EXPECT_TRUE(begun->front().attempts.empty()) << "that was no crash";
  ASSERT_TRUE(settle(*store, *begun));
  EXPECT_EQ(counts(*direct).in_flight, 0U);
}

// A node without a shard reads no window; a claim that it lost must not stay in flight until that node ends.
TEST_F(RedisFiringTest, ALostClaimWaitsAgainThoughItsNodeReadsNoWindow) {
  TcpProxy proxy(server());
  const auto store = open(proxy.address(), "one", 1s);
  ASSERT_TRUE(put(*store, {sample_event(1)}));
  const auto page = window(*store);
  ASSERT_TRUE(begin(*store, {WindowEntry{.id = sample_id(99)}}, 0)) << "Redis knows the script now";
  proxy.set(TcpProxy::Mode::swallow_answers);
  ASSERT_FALSE(begin(*store, page.value().entries, 0));
  proxy.set(TcpProxy::Mode::pass);
  proxy.cut();
  const auto direct = open(server());
  EXPECT_EQ(counts(*direct).in_flight, 1U) << "the test did what it says";
  until(
      [&] {
        static_cast<void>(await<void>([&](auto done) { store->store->probe(std::move(done)); }));
        return counts(*direct).in_flight == 0;
      },
      "the claim is given back");
}

// The call may lie in a buffer for long. Once it was given up it must do nothing, or its events would be stuck after all.
TEST_F(RedisFiringTest, ABeginThatWasGivenUpBeginsNothingLater) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CONTROL");
  const auto store = open(server(), "one", 1s);
  ASSERT_TRUE(put(*store, {sample_event(1)}));
  const auto page = window(*store);
  control.pause();
  EXPECT_FALSE(begin(*store, page.value().entries));
  control.resume();  // now it may be done, before or after the window gives it up
  Result<WindowPage> again;
  until([&] { return (again = window(*store)).has_value(); }, "Redis is back");
  ASSERT_EQ(again->entries.size(), 1U);
  const auto tokens = run(*store, {"ZRANGE", key("voided"), "0", "-1"}).value().front().items;
  ASSERT_EQ(tokens.size(), 1U);
  const auto late = await<redis::Reply>([&](auto done) {
    const auto& event = again->entries.front();
    store->client->call({.script = &redis::begin_script(),
                         .keys = {key("")},
                         .arguments = {std::to_string(kEpoch), tokens.front().text, "one", std::string(event.id.view()),
                                       redis::be64(static_cast<uint64_t>(to_micros(event.fire_at)))}},
                        std::move(done));
  });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::conflict);
  EXPECT_EQ(begin(*store, again->entries).value().size(), 1U);
}

TEST_F(RedisFiringTest, AClaimWhoseBeginWasLostWaitsAgain) {
  TcpProxy proxy(server());
  const auto other = open(proxy.address(), "two", 1s);
  const auto owner = open(server(), "one");
  std::atomic<int> told = 0;
  std::atomic<bool> ready = false;
  owner->store->on_wake([&](uint32_t, TimePoint) { ++told; }, [&] { ready = true; });
  until([&] { return ready.load(); }, "the subscription");
  ASSERT_TRUE(put(*owner, {sample_event(1)}));
  const auto entries = window(*owner).value().entries;
  ASSERT_TRUE(begin(*other, {WindowEntry{.id = sample_id(99)}}, 0));
  proxy.set(TcpProxy::Mode::swallow_answers);
  ASSERT_FALSE(begin(*other, entries, 0));
  proxy.set(TcpProxy::Mode::pass);
  proxy.cut();
  ASSERT_TRUE(window(*owner).value().entries.empty()) << "the test did what it says";
  until([&] { return window(*other, 0).has_value(); }, "Redis is back");
  EXPECT_EQ(window(*owner).value().entries.size(), 1U);
  until([&] { return told == 1; }, "its owner is told");
  owner->client.reset();
}

TEST_F(RedisFiringTest, AClaimEndsWithItsNodeNotWithTheShardsOwner) {
  const auto other = open(server(), "two");
  const auto owner = open(server(), "one");
  ASSERT_TRUE(put(*owner, {sample_event(1), sample_event(2)}));
  const auto entries = window(*owner).value().entries;
  const auto claimed = begin(*other, {entries[0]}, 0);
  ASSERT_EQ(claimed.value().size(), 1U);
  const auto recover = [&](uint64_t epoch) {
    return await<uint64_t>(
        [&](auto done) { owner->store->recover(0, epoch, RedisStore::Before::crashed, std::move(done)); });
  };
  const auto recover_claims = [&](std::vector<std::string> alive) {
    return await<uint64_t>([&](auto done) { owner->store->recover_claims(0, std::move(alive), std::move(done)); });
  };
  ASSERT_EQ(begin(*owner, {entries[1]}).value().size(), 1U);
  EXPECT_EQ(recover(kEpoch + 1).value(), 1U) << "the owner's";
  EXPECT_EQ(recover_claims({"one", "two"}).value(), 0U);
  EXPECT_EQ(counts(*owner).in_flight, 1U);
  EXPECT_EQ(recover_claims({"one"}).value(), 1U);
  EXPECT_EQ(counts(*owner).in_flight, 0U);
  const auto begun = begin(*owner, {entries[0]});
  ASSERT_EQ(begun.value().size(), 1U);
  EXPECT_TRUE(begun->front().attempts.empty()) << "a worker's node is no crash of the event's";
  ASSERT_TRUE(settle(*other, *claimed, 0));
  EXPECT_EQ(counts(*owner).in_flight, 1U) << "the claim that has ended settles nothing";
}

TEST_F(RedisFiringTest, AClaimThatWaitsAgainIsNewsForTheOwner) {
  const auto other = open(server(), "two");
  const auto owner = open(server(), "one");
  std::atomic<int> told = 0;
  std::atomic<bool> ready = false;
  owner->store->on_wake([&](uint32_t, TimePoint) { ++told; }, [&] { ready = true; });
  until([&] { return ready.load(); }, "the subscription");
  ASSERT_TRUE(put(*owner, {sample_event(1)}));
  auto claimed = begin(*other, window(*owner).value().entries, 0);
  ASSERT_EQ(claimed.value().size(), 1U);
  Settlement back{.shard = 0,
                  .epoch = 0,
                  .begun_fire_at = claimed->front().fire_at,
                  .event = claimed->front(),
                  .outcome = {.state = State::pending, .at = clock.wall(), .reason = "released"}};
  back.event.fire_at += 2s;
  ASSERT_TRUE(await<void>([&](auto done) { other->store->near().settle({back}, std::move(done)); }));
  until([&] { return told == 1; }, "the news");
  EXPECT_EQ(window(*owner).value().entries.size(), 1U);
  owner->client.reset();
}

// 40 MB in all, of which no call may carry more than a few.
TEST_F(RedisFiringTest, BigBodiesGoInSeveralCalls) {
  const auto store = open(server());
  std::vector<Event> events;
  for (uint64_t i = 0; i < 40; ++i) {
    events.push_back(sample_event(i, std::chrono::seconds(i)));
    events.back().body = "{\"x\":\"" + std::string(1'000'000, 'x') + "\"}";
  }
  const auto calls = [&] {
    const auto stats = run(*store, {"INFO", "commandstats"}).value().front().text;
    const auto at = stats.find("cmdstat_evalsha:calls=");
    return at == std::string::npos ? 0 : std::strtoll(stats.c_str() + at + 22, nullptr, 10);
  };
  const auto before = calls();
  const auto outcomes = put(*store, events);
  ASSERT_TRUE(outcomes) << outcomes.error().detail;
  EXPECT_GE(calls() - before, 8);
  for (const auto& outcome : *outcomes) EXPECT_FALSE(outcome.error);
  std::vector<EventId> found;
  FindRequest request{.limit = 30};
  do {
    auto page = await<EventPage>([&](auto done) { store->store->catalog().find(request, std::move(done)); });
    ASSERT_TRUE(page);
    for (const auto& one : page->events) found.push_back(one.event.id);
    request.cursor = page->next_cursor;
  } while (!request.cursor.empty());
  EXPECT_EQ(found, ids_of(events));
}

TEST_F(RedisFiringTest, ManyAreRecovered) {
  const auto store = open(server());
  std::vector<Event> events;
  for (uint64_t i = 0; i < 1'300; ++i) events.push_back(sample_event(i));
  ASSERT_TRUE(put(*store, events));
  const auto entries = window(*store, kEpoch, 5'000).value().entries;
  ASSERT_EQ(entries.size(), 1'300U);
  ASSERT_EQ(begin(*store, {entries.begin(), entries.begin() + 700}, 0).value().size(), 700U);
  ASSERT_EQ(begin(*store, {entries.begin() + 700, entries.end()}).value().size(), 600U);
  const auto recovered = await<uint64_t>(
      [&](auto done) { store->store->recover(0, kEpoch + 1, RedisStore::Before::lapsed, std::move(done)); });
  EXPECT_EQ(recovered.value(), 600U);
  EXPECT_EQ(window(*store, kEpoch, 5'000).value().entries.size(), 600U);
}

// Where memory is short, only delivering frees it.
TEST_F(RedisFiringTest, DeliveryGoesOnWhereMemoryIsShort) {
  const auto store = open(server());
  ASSERT_TRUE(put(*store, {sample_event(1), sample_event(2), sample_event(3), sample_event(4)}));
  ASSERT_TRUE(run(*store, {"CONFIG", "SET", "maxmemory", "1"}));
  const auto page = window(*store);
  const auto full = put(*store, {sample_event(9)});
  const auto begun = begin(*store, page.value().entries);
  const auto settled = settle(*store, {begun.value()[0]});
  const auto recovered = await<uint64_t>(
      [&](auto done) { store->store->recover(0, kEpoch + 1, RedisStore::Before::crashed, std::move(done)); });
  const auto cancelled = await<std::vector<Changed>>(
      [&](auto done) { store->store->catalog().cancel({{.id = sample_id(2), .at = clock.wall()}}, std::move(done)); });
  const auto change = [&](Event event) {
    return await<std::vector<Changed>>(
        [&](auto done) { store->store->catalog().change({std::move(event)}, std::move(done)); });
  };
  const auto changed = change(sample_event(3));
  const auto unknown = change(sample_event(77));
  ASSERT_TRUE(run(*store, {"CONFIG", "SET", "maxmemory", "0"}));
  EXPECT_EQ(full.error().code, Code::disk_full);
  EXPECT_EQ(begun->size(), 4U);
  EXPECT_TRUE(settled) << settled.error().detail;
  EXPECT_EQ(recovered.value(), 3U);
  EXPECT_EQ(cancelled.value().front().result, ChangeResult::done);
  ASSERT_TRUE(changed) << changed.error().detail;
  EXPECT_EQ(changed->front().result, ChangeResult::done);
  ASSERT_TRUE(unknown) << unknown.error().detail;
  EXPECT_EQ(unknown->front().result, ChangeResult::not_found);
}

TEST_F(RedisFiringTest, ADamagedRecordHoldsUpNoOther) {
  const auto store = open(server());
  ASSERT_TRUE(put(*store, {sample_event(1), sample_event(2), sample_event(3)}));
  const std::string id(sample_id(2).view());
  auto value = run(*store, {"HGET", key("event"), id}).value().front().text;
  value.resize(value.size() - 5);
  ASSERT_TRUE(run(*store, {"HSET", key("event"), id, value}));
  EXPECT_EQ(ids_of(begin(*store, window(*store).value().entries).value()), sample_ids({1, 3}));
  EXPECT_TRUE(window(*store).value().entries.empty()) << "nor is it offered again and again";
}

TEST_F(RedisFiringTest, AWindowIsAsLongAsAsked) {
  const auto store = open(server());
  std::vector<Event> events;
  for (uint64_t i = 0; i < 6'500; ++i) {
    events.push_back(sample_event(i, std::chrono::milliseconds(i / 3)));  // threes at one time
    if (i % 5 == 0) events.back().priority = static_cast<int8_t>(i % 4) - 2;
  }
  ASSERT_TRUE(put(*store, events));
  clock.advance(1s);
  const auto all = window(*store, kEpoch, 50'000).value();
  EXPECT_EQ(all.entries.size(), events.size());
  EXPECT_EQ(all.covered_until, clock.wall() + 60s);
  const auto split = std::ranges::find_if(all.entries, [&](const auto& entry) { return entry.fire_at > clock.wall(); });
  const auto rank = [](const WindowEntry& entry) { return Event::rank_of(entry.fire_at, entry.priority); };
  EXPECT_TRUE(std::ranges::is_sorted(all.entries.begin(), split, {}, rank));
  EXPECT_TRUE(std::ranges::is_sorted(split, all.entries.end(), {}, &WindowEntry::fire_at));
  std::set<EventId> ids;
  for (const auto& entry : all.entries) ids.insert(entry.id);
  EXPECT_EQ(ids.size(), events.size());
  const auto some = window(*store, kEpoch, 4'000).value();
  ASSERT_EQ(some.entries.size(), 4'000U);
  EXPECT_TRUE(
      std::ranges::equal(some.entries, std::span(all.entries).first(4'000), {}, &WindowEntry::id, &WindowEntry::id));
  EXPECT_GE(some.covered_until, some.entries.back().fire_at - 1us);
  EXPECT_LT(some.covered_until, *some.next_fire_at);
}

}  // namespace schedules::testing
