// Whole nodes on one Redis Cluster: store and coordinator as the wiring puts them together. Nodes die, and so does a primary.
#include <thread>

#include "base/random.h"
#include "cluster/redis/redis_coordinator.h"
#include "store/crash_note.h"
#include "tests/conformance/redis_place.h"
#include "tests/support/server_control.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

constexpr uint32_t kShards = 12;
const SystemClock kClock;

std::string cluster_url() { return "redis-cluster://" + environment("SCHEDULES_TEST_REDIS_CLUSTER"); }

class Node {
 public:
  Node(const std::string& id, const std::string& prefix, uint32_t wait_replicas = 0) {
    opened_ = OpenRedis::open(cluster_url(),
                              {.prefix = prefix, .shards = kShards, .node_id = id, .wait_replicas = wait_replicas},
                              kClock, {.connect_timeout = 1s, .timeout = 2s});
    auto& store = *opened_->store;
    coordinator_ = std::make_unique<RedisCoordinator>(
        RoundsOptions{.node_id = id}, prefix, *opened_->client,
        RoundsCalls{.shards = [&store] { return store.near().shards(); },
                    .take_over =
                        [&store](TakenLease taken, Done<void> done) {
                          const auto before = taken.crashed ? RedisStore::Before::crashed : RedisStore::Before::lapsed;
                          store.recover(taken.shard, taken.epoch, before,
                                        [done = std::move(done)](Result<uint64_t> moved) mutable {
                                          if (!moved) return done(fail(std::move(moved.error())));
                                          done({});
                                        });
                        },
                    .departed =
                        [&store](uint32_t shard, const std::vector<std::string>& alive, Done<void> done) {
                          store.recover_claims(shard, alive,
                                               [done = std::move(done)](const Result<uint64_t>& moved) mutable {
                                                 if (!moved) return done(fail(moved.error()));
                                                 done({});
                                               });
                        },
                    .store_time = {}},
        kClock);
    coordinator_->start([](const std::vector<ShardLease>&) {});
  }
  ~Node() { drop(); }
  void drop() {
    coordinator_.reset();
    if (opened_) opened_->client.reset();
    opened_.reset();
  }
  [[nodiscard]] size_t held() const {
    size_t count = 0;
    for (uint32_t shard = 0; shard < kShards; ++shard) count += epoch_of(shard) ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t shard) const { return coordinator_->epoch_of(shard); }
  NearStore& near() { return opened_->store->near(); }
  RedisStore& store() { return *opened_->store; }

  Result<std::vector<PutOutcome>> put(std::vector<Event> events) {
    return await<std::vector<PutOutcome>>(
        [&](auto done) { near().put(std::move(events), PutMode::if_absent, std::move(done)); });
  }
  Result<WindowPage> window(uint32_t shard, uint64_t epoch) {
    const WindowRequest request{
        .shard = shard, .epoch = epoch, .now = kClock.wall(), .until = kClock.wall() + 1h, .limit = 1'000};
    return await<WindowPage>([&](auto done) { near().window(request, std::move(done)); });
  }
  Result<std::vector<Event>> begin(uint32_t shard, uint64_t epoch, std::vector<WindowEntry> entries) {
    return await<std::vector<Event>>([&](auto done) {
      near().begin({.shard = shard, .epoch = epoch, .entries = std::move(entries)}, std::move(done));
    });
  }
  Result<void> settle(uint32_t shard, uint64_t epoch, const Event& event) {
    const Settlement one{.shard = shard,
                         .epoch = epoch,
                         .begun_fire_at = event.fire_at,
                         .event = event,
                         .outcome = {.state = State::fired, .at = kClock.wall(), .settled_at = kClock.wall()}};
    return await<void>([&](auto done) { near().settle({one}, std::move(done)); });
  }

 private:
  std::shared_ptr<OpenRedis> opened_;
  std::unique_ptr<RedisCoordinator> coordinator_;
};

std::vector<Event> due_events(size_t count) {
  std::vector<Event> events;
  for (uint64_t i = 0; i < count; ++i) {
    events.push_back(sample_event(i));
    events.back().created_at = events.back().due_at = events.back().fire_at = kClock.wall() - 1s;
  }
  return events;
}

class RedisNodesTest : public ::testing::Test {
 protected:
  template <class Fact>
  static void until(Fact fact, const char* what) {
    const auto deadline = kClock.steady() + 60s;
    while (!fact()) {
      ASSERT_LT(kClock.steady(), deadline) << what;
      std::this_thread::sleep_for(10ms);
    }
  }
  const std::string prefix = fresh_prefix();
};

TEST_F(RedisNodesTest, WhatADeadNodeHadBegunIsBegunByTheNextWithItsCrash) {
  Node a("a", prefix);
  until([&] { return a.held() == kShards; }, "a holds all");
  ASSERT_TRUE(a.put(due_events(100)));
  std::map<uint32_t, uint64_t> epochs;
  std::map<EventId, Event> begun;
  for (uint32_t shard = 0; shard < kShards; ++shard) {
    epochs[shard] = *a.epoch_of(shard);
    const auto page = a.window(shard, epochs[shard]);
    const auto events = a.begin(shard, epochs[shard], page.value().entries);
    for (const auto& event : events.value()) begun[event.id] = event;
  }
  ASSERT_EQ(begun.size(), 100U);
  a.drop();
  Node b("b", prefix);
  until([&] { return b.held() == kShards; }, "b holds all");
  size_t again = 0;
  for (uint32_t shard = 0; shard < kShards; ++shard) {
    // What the dead node has still under way.
    EXPECT_EQ(b.begin(shard, epochs[shard], {WindowEntry{}}).error().code, Code::stale_epoch);
    for (const auto& [id, event] : begun) {
      if (b.near().shard_of(id) != shard) continue;
      EXPECT_EQ(b.settle(shard, epochs[shard], event).error().code, Code::stale_epoch);
      break;
    }
    const auto page = b.window(shard, *b.epoch_of(shard));
    const auto events = b.begin(shard, *b.epoch_of(shard), page.value().entries);
    for (const auto& event : events.value()) {
      EXPECT_EQ(crashes_of(event), 1U);
      ++again;
    }
  }
  EXPECT_EQ(again, 100U);
}

// Its replica takes its place. What waited for its replica is there, its shards get new epochs, the others keep theirs.
TEST_F(RedisNodesTest, APrimaryDiesAndNothingAcknowledgedIsLost) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CLUSTER_CONTROL");
  Node a("a", prefix, 1);
  until([&] { return a.held() == kShards; }, "a holds all");
  const auto events = due_events(300);
  const auto stored = a.put(events);
  ASSERT_TRUE(stored) << stored.error().detail;
  for (const auto& outcome : *stored) ASSERT_FALSE(outcome.error) << outcome.error->detail;
  std::map<uint32_t, uint64_t> before;
  for (uint32_t shard = 0; shard < kShards; ++shard) before[shard] = *a.epoch_of(shard);
  control.kill(0);
  until([&] { return a.held() < kShards; }, "the leases of its shards end");
  size_t kept = 0;
  for (uint32_t shard = 0; shard < kShards; ++shard) kept += a.epoch_of(shard) == before[shard] ? 1 : 0;
  EXPECT_GT(kept, 0U) << "those of other primaries do not";
  until([&] { return a.held() == kShards; }, "a holds all again");
  std::set<EventId> found;
  for (uint32_t shard = 0; shard < kShards; ++shard) {
    const uint64_t epoch = *a.epoch_of(shard);
    EXPECT_GE(epoch, before[shard]);
    const auto page = a.window(shard, epoch);
    ASSERT_TRUE(page) << page.error().detail;
    const auto begun = a.begin(shard, epoch, page->entries);
    for (const auto& event : begun.value()) found.insert(event.id);
  }
  EXPECT_EQ(found.size(), events.size());
  control.start(0);
}

}  // namespace
}  // namespace schedules::testing
