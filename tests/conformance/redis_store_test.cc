// What only Redis shows: epochs, take-over, shared use, outages, what is refused, memory and speed.
#include <atomic>

#include "model/record.h"
#include "store/crash_note.h"
#include "tests/conformance/redis_place.h"
#include "tests/support/server_control.h"

namespace schedules::testing {

using namespace std::chrono_literals;

class RedisStoreTest : public ::testing::Test {
 protected:
  static std::string url() { return "redis://" + environment("SCHEDULES_TEST_REDIS"); }
  std::shared_ptr<OpenRedis> open(RedisStoreOptions options = {}, redis::Options client = {}) {
    options.prefix = prefix;
    return OpenRedis::open(url(), options, clock, std::move(client));
  }
  Result<std::vector<PutOutcome>> put(OpenRedis& at, std::vector<Event> events) {
    return await<std::vector<PutOutcome>>(
        [&](auto done) { at.store->near().put(std::move(events), PutMode::if_absent, std::move(done)); });
  }
  Result<WindowPage> window(OpenRedis& at, uint64_t epoch, uint32_t shard = 0) {
    const WindowRequest request{
        .shard = shard, .epoch = epoch, .now = clock.wall(), .until = clock.wall() + 60s, .limit = 1000};
    return await<WindowPage>([&](auto done) { at.store->near().window(request, std::move(done)); });
  }
  Result<std::vector<Event>> begin(OpenRedis& at, uint64_t epoch, std::vector<WindowEntry> entries) {
    return await<std::vector<Event>>([&](auto done) {
      at.store->near().begin({.shard = 0, .epoch = epoch, .entries = std::move(entries)}, std::move(done));
    });
  }
  Result<void> settle(OpenRedis& at, uint64_t epoch, const Event& event) {
    const Settlement one{.shard = 0,
                         .epoch = epoch,
                         .begun_fire_at = event.fire_at,
                         .event = event,
                         .outcome = {.state = State::fired, .at = clock.wall(), .settled_at = clock.wall()}};
    return await<void>([&](auto done) { at.store->near().settle({one}, std::move(done)); });
  }
  Result<std::vector<redis::Reply>> run(OpenRedis& at, std::vector<std::string> words) {
    return await<std::vector<redis::Reply>>(
        [&](auto done) { at.client->run({.key = "", .commands = {std::move(words)}}, std::move(done)); });
  }
  template <class Fact>
  static void until(Fact fact, const char* what) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!fact()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
      std::this_thread::sleep_for(20ms);
    }
  }

  ManualClock clock;
  std::string prefix = fresh_prefix();
};

TEST_F(RedisStoreTest, AnOwnerOfThePastCanDoNothing) {
  const auto store = open({.shards = 1});
  store->own(0, 5, prefix);
  ASSERT_TRUE(put(*store, {sample_event(1), sample_event(2)}));
  const auto page = window(*store, 5);
  ASSERT_TRUE(page);
  const auto begun = begin(*store, 5, {page->entries[0]});
  ASSERT_EQ(begun.value().size(), 1U);
  store->own(0, 6, prefix);
  EXPECT_EQ(window(*store, 5).error().code, Code::stale_epoch);
  EXPECT_EQ(begin(*store, 5, {page->entries[1]}).error().code, Code::stale_epoch);
  EXPECT_EQ(settle(*store, 5, begun->front()).error().code, Code::stale_epoch);
  EXPECT_EQ(window(*store, 6).value().entries.size(), 1U) << "what is in flight stays so until it is taken over";
}

// A failover forgot the newest lease, and gave its epoch to another.
TEST_F(RedisStoreTest, AnOwnerOfTheSameEpochIsAnotherOne) {
  const auto one = open({.shards = 1, .node_id = "one"});
  const auto two = open({.shards = 1, .node_id = "two"});
  one->own(0, 5, prefix);
  ASSERT_TRUE(put(*one, {sample_event(1), sample_event(2)}));
  const auto page = window(*one, 5);
  ASSERT_TRUE(page);
  const auto begun = begin(*one, 5, {page->entries[0]});
  ASSERT_EQ(begun.value().size(), 1U);
  two->own(0, 5, prefix);
  EXPECT_EQ(window(*one, 5).error().code, Code::stale_epoch);
  EXPECT_EQ(begin(*one, 5, {page->entries[1]}).error().code, Code::stale_epoch);
  EXPECT_EQ(settle(*one, 5, begun->front()).error().code, Code::stale_epoch);
  EXPECT_EQ(await<uint64_t>([&](auto done) {
              two->store->recover(0, 5, RedisStore::Before::crashed, std::move(done));
            }).value(),
            1U);
  EXPECT_EQ(window(*two, 5).value().entries.size(), 2U);
}

TEST_F(RedisStoreTest, ATakeOverGivesBackOnceAndNotesTheCrash) {
  const auto store = open({.shards = 1});
  store->own(0, 5, prefix);
  ASSERT_TRUE(put(*store, {sample_event(1)}));
  ASSERT_EQ(begin(*store, 5, window(*store, 5).value().entries).value().size(), 1U);
  clock.advance(3s);
  store->own(0, 6, prefix);
  const auto recovered = [&] {
    return await<uint64_t>(
        [&](auto done) { store->store->recover(0, 6, RedisStore::Before::crashed, std::move(done)); });
  };
  EXPECT_EQ(recovered().value(), 1U);
  EXPECT_EQ(recovered().value(), 0U);
  const auto again = begin(*store, 6, window(*store, 6).value().entries);
  ASSERT_EQ(again.value().size(), 1U);
  EXPECT_EQ(crashes_of(again->front()), 1U);
  EXPECT_EQ(again->front().attempts.back().at, clock.wall());
  ASSERT_TRUE(settle(*store, 6, again->front()));
  EXPECT_TRUE(window(*store, 6).value().entries.empty());
}

TEST_F(RedisStoreTest, AnotherNodeIsToldOfWhatIsDueSoon) {
  const auto one = open({.shards = 4, .node_id = "one"});
  const auto two = open({.shards = 4, .node_id = "two"});
  std::atomic<int> told = 0;
  std::atomic<int> told_self = 0;
  std::atomic<int> ready = 0;
  std::atomic<int64_t> at = 0;
  one->store->on_wake([&](uint32_t, TimePoint) { ++told_self; }, [&] { ++ready; });
  two->store->on_wake(
      [&](uint32_t, TimePoint fire_at) {
        at = to_micros(fire_at);
        ++told;
      },
      [&] { ++ready; });
  until([&] { return ready == 2; }, "the subscriptions");
  ASSERT_TRUE(put(*one, {sample_event(1, 1h)}));
  ASSERT_TRUE(put(*one, {sample_event(2, 1s)}));
  until([&] { return told == 1; }, "the news");
  EXPECT_EQ(at, to_micros(clock.wall() + 1s));
  EXPECT_EQ(told_self, 0);
  one->client.reset();
  two->client.reset();
}

TEST_F(RedisStoreTest, TheRecordedNumberOfShardsCounts) {
  const auto first = open({.shards = 3});
  ASSERT_TRUE(put(*first, {sample_event(1)}));
  const auto second = open({.shards = 7});
  ASSERT_TRUE(put(*second, {sample_event(2)}));
  EXPECT_EQ(second->store->near().shards(), 3U);
}

TEST_F(RedisStoreTest, ANewerLayoutIsRefusedUntouched) {
  const auto store = open({.shards = 1});
  const auto key = prefix + "{schedules}:meta";
  ASSERT_TRUE(run(*store, {"HSET", key, "layout", "99", "shards", "1"}));
  const auto refused = put(*store, {sample_event(1)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::newer_layout);
  EXPECT_EQ(run(*store, {"EXISTS", prefix + "{schedules:0}:event"}).value().front().integer, 0);
}

TEST_F(RedisStoreTest, AServerThatMayEvictIsRefusedAndTakenOnceItMayNot) {
  const auto store = open({.shards = 1});
  ASSERT_TRUE(run(*store, {"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"}));
  const auto refused = put(*store, {sample_event(1)});
  EXPECT_TRUE(run(*store, {"CONFIG", "SET", "maxmemory-policy", "noeviction"}));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("noeviction"), std::string::npos) << refused.error().detail;
  EXPECT_TRUE(put(*store, {sample_event(1)}));
}

TEST_F(RedisStoreTest, AServerThatIsFullAnswersDiskFullAndGoesOn) {
  const auto store = open({.shards = 1});
  ASSERT_TRUE(put(*store, {sample_event(1)}));
  ASSERT_TRUE(run(*store, {"CONFIG", "SET", "maxmemory", "1"}));
  const auto full = put(*store, {sample_event(2)});
  EXPECT_TRUE(run(*store, {"CONFIG", "SET", "maxmemory", "0"}));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::disk_full) << full.error().detail;
  EXPECT_EQ(put(*store, {sample_event(2)}).value().front().result, PutResult::created) << "nothing of it was kept";
}

TEST_F(RedisStoreTest, AwayBeforeDuringAndAfterACall) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CONTROL");
  const auto store = open({.shards = 2}, {.connect_timeout = 500ms, .timeout = 1s});
  ASSERT_TRUE(put(*store, {sample_event(1)}));
  control.pause();  // during
  const auto during = put(*store, {sample_event(2)});
  control.resume();
  ASSERT_FALSE(during);
  EXPECT_EQ(during.error().code, Code::unavailable);
  until([&] { return put(*store, {sample_event(2)}).has_value(); }, "the return");
  EXPECT_NE(put(*store, {sample_event(2)}).value().front().result, PutResult::created);
  control.kill();  // before
  until([&] { return !put(*store, {sample_event(3)}); }, "the loss");
  EXPECT_EQ(put(*store, {sample_event(3)}).error().code, Code::unavailable);
  control.start();  // after: what was answered is there
  until([&] { return put(*store, {sample_event(3)}).has_value(); }, "the return");
  const auto found = await<std::vector<std::optional<StoredEvent>>>(
      [&](auto done) { store->store->catalog().get({sample_id(1), sample_id(2), sample_id(3)}, std::move(done)); });
  ASSERT_TRUE(found);
  for (const auto& one : *found) EXPECT_TRUE(one);
}

TEST_F(RedisStoreTest, BodiesAreReadableUnlessCompressed) {
  for (const bool compress : {false, true}) {
    const auto store = open({.shards = 1, .compress = compress});
    Event event = sample_event(compress ? 2 : 1);
    event.body = "{\"text\":\"" + std::string(2'000, 'z') + "\"}";
    ASSERT_TRUE(put(*store, {event}));
    const auto value =
        run(*store, {"HGET", prefix + "{schedules:0}:event", std::string(event.id.view())}).value().front().text;
    EXPECT_EQ(value.find(event.body) != std::string::npos, !compress);
    EXPECT_EQ(value.size() > 2'000, !compress);
    const auto found = await<std::vector<std::optional<StoredEvent>>>(
        [&](auto done) { store->store->catalog().get({event.id}, std::move(done)); });
    EXPECT_EQ(found->front()->event.body, event.body);
  }
}

// Printed; the bounds only notice that something new is kept of every event. Shared machines are too slow to judge speed by.
class RedisFiguresTest : public RedisStoreTest {
 protected:
  static constexpr size_t kEvents = 100'000;
  static constexpr size_t kBatch = 1'000;
  static constexpr uint32_t kShards = 16;

  long long used() {
    const auto info = run(*store, {"INFO", "memory"}).value().front().text;
    return std::strtoll(info.c_str() + info.find("used_memory:") + 12, nullptr, 10);
  }
  static Event event(size_t i, size_t body) {
    auto made = sample_event(i, 1h + std::chrono::microseconds(i));
    made.id = derived_id(fmt::format("figure-{}", i));
    made.body = fmt::format("{{\"n\":{:09},\"pad\":\"{}\"}}", i, std::string(body - 24, 'p'));
    return made;
  }
  /// Calls with a Done each, all under way at once; answers events a second.
  double rate(size_t calls, const std::function<void(size_t, std::function<void(bool)>)>& call) {
    std::atomic<size_t> left = calls;
    std::atomic<size_t> failed = 0;
    std::promise<void> all;
    const auto start = std::chrono::steady_clock::now();
    for (size_t i = 0; i < calls; ++i) {
      call(i, [&](bool good) {
        if (!good) ++failed;
        if (--left == 0) all.set_value();
      });
    }
    all.get_future().wait();
    EXPECT_EQ(failed, 0U);
    return kEvents / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  double put_all(size_t body) {
    std::vector<std::vector<Event>> batches(kEvents / kBatch);
    for (size_t i = 0; i < kEvents; ++i) batches[i / kBatch].push_back(event(i, body));
    return rate(batches.size(), [&](size_t i, std::function<void(bool)> done) {
      store->store->near().put(std::move(batches[i]), PutMode::if_absent,
                               [done](const Result<std::vector<PutOutcome>>& outcomes) {
                                 done(outcomes && std::ranges::all_of(*outcomes, [](const PutOutcome& outcome) {
                                        return !outcome.error && outcome.result == PutResult::created;
                                      }));
                               });
    });
  }

  std::shared_ptr<OpenRedis> store = open({.shards = kShards});
};

TEST_F(RedisFiguresTest, WhatAnEventTakes) {
  // 122: with that the packed record of these events has 256 bytes.
  for (const auto& [body, bound] : {std::pair(size_t{122}, 530.0), std::pair(size_t{256}, 680.0)}) {
    prefix = fresh_prefix();
    store = open({.shards = kShards});
    ASSERT_TRUE(put(*store, {sample_event(kEvents + 1)}));
    const auto before = used();
    put_all(body);
    const double bytes = static_cast<double>(used() - before) / kEvents;
    std::string record;
    pack(event(1, body), State::pending, Tier::near, Outcome{}, record);
    std::printf("%.0f bytes of Redis for an event with a body of %zu and a packed record of %zu\n", bytes, body,
                record.size());
    EXPECT_LE(bytes, bound);
  }
}

TEST_F(RedisFiguresTest, HowFastTheyGoThrough) {
  for (uint32_t shard = 0; shard < kShards; ++shard) store->own(shard, 1, prefix);
  std::printf("%.0f puts/s in batches of %zu over %u shards\n", put_all(256), kBatch, kShards);
  clock.advance(2h);
  std::vector<BeginRequest> begins;
  for (uint32_t shard = 0; shard < kShards; ++shard) {
    const WindowRequest request{
        .shard = shard, .epoch = 1, .now = clock.wall(), .until = clock.wall() + 5s, .limit = 50'000};
    const auto page =
        await<WindowPage>([&](auto done) { store->store->near().window(request, std::move(done)); }).value();
    for (size_t i = 0; i < page.entries.size(); ++i) {
      if (i % kBatch == 0) begins.push_back({.shard = shard, .epoch = 1, .entries = {}});
      begins.back().entries.push_back(page.entries[i]);
    }
  }
  std::vector<std::vector<Event>> begun(begins.size());
  const double begin_rate = rate(begins.size(), [&](size_t i, std::function<void(bool)> done) {
    store->store->near().begin(begins[i], [&begun, i, done](Result<std::vector<Event>> events) {
      const bool good = events.has_value();
      if (good) begun[i] = std::move(*events);
      done(good);
    });
  });
  size_t sum = 0;
  for (const auto& events : begun) sum += events.size();
  EXPECT_EQ(sum, kEvents);
  const double settle_rate = rate(begun.size(), [&](size_t i, std::function<void(bool)> done) {
    std::vector<Settlement> settlements;
    for (auto& event : begun[i]) {
      settlements.push_back({.shard = begins[i].shard,
                             .epoch = 1,
                             .begun_fire_at = event.fire_at,
                             .event = std::move(event),
                             .outcome = {.state = State::fired, .at = clock.wall(), .settled_at = clock.wall()}});
    }
    store->store->near().settle(std::move(settlements),
                                [done](const Result<void>& settled) { done(settled.has_value()); });
  });
  std::printf("%.0f begins/s, %.0f settles/s\n", begin_rate, settle_rate);
  const auto counts = await<TierCounts>([&](auto done) { store->store->catalog().counts(std::move(done)); }).value();
  EXPECT_EQ(counts.pending + counts.in_flight, 0U);
  EXPECT_EQ(counts.remembered, kEvents);
}

}  // namespace schedules::testing
