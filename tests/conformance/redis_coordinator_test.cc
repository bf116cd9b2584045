// The coordinator's suite on one Redis and on a Cluster; and what only Redis can do to it.
#include <thread>

#include "base/random.h"
#include "cluster/redis/lease_calls.h"
#include "cluster/redis/redis_coordinator.h"
#include "tests/conformance/coordinator_suite.h"
#include "tests/conformance/schedule_await.h"
#include "tests/support/server_control.h"
#include "tests/support/tcp_proxy.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

const SystemClock kClock;

std::string new_prefix() {
  static const auto random = system_random();
  return fmt::format("t{:x}:", random->next());
}

std::unique_ptr<redis::Client> connect(const std::string& url) {
  redis::Options options;
  options.timeout = 2s;
  options.connect_timeout = 1s;
  return redis::Client::open(redis::parse_url(url).value(), options, kClock).value();
}

Result<redis::Reply> say(redis::Client& client, std::vector<std::string> words) {
  auto replies = await<std::vector<redis::Reply>>([&](auto done) {
    redis::Batch batch{.key = words.size() > 1 ? words[1] : "", .commands = {}};
    batch.commands.push_back(std::move(words));
    client.run(std::move(batch), std::move(done));
  });
  if (!replies) return fail(replies.error());
  return std::move(replies->front());
}

/// Ends its coordinator before the client that it uses.
class OwnedNode final : public Coordinator {
 public:
  OwnedNode(const std::string& url, RoundsOptions options, const std::string& prefix, TakeOver take_over)
      : client_(connect(url)),
        coordinator_(std::make_unique<RedisCoordinator>(
            std::move(options), prefix, *client_,
            RoundsCalls{.shards = [] { return kClusterShards; },
                        .take_over =
                            [take_over = std::move(take_over)](TakenLease taken, Done<void> done) {
                              take_over({taken.shard, taken.epoch, taken.crashed}, std::move(done));
                            },
                        .departed = {},
                        .store_time = {}},
            kClock)) {}
  ~OwnedNode() override {
    coordinator_.reset();
    client_.reset();
  }
  void start(Changed changed) override { coordinator_->start(std::move(changed)); }
  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t shard) const override {
    return coordinator_->epoch_of(shard);
  }
  [[nodiscard]] bool leads() const override { return coordinator_->leads(); }
  void lost(uint32_t shard, uint64_t epoch) override { coordinator_->lost(shard, epoch); }
  void resign(Done<void> done) override { coordinator_->resign(std::move(done)); }
  void view(Done<ClusterView> done) override { coordinator_->view(std::move(done)); }

 private:
  std::unique_ptr<redis::Client> client_;
  std::unique_ptr<RedisCoordinator> coordinator_;
};

RoundsOptions options_of(const std::string& id) { return {.node_id = id, .address = id + ":80"}; }

/// Each node behind a proxy of its own.
class RedisPlace : public ClusterPlace {
 public:
  explicit RedisPlace(const std::string& url) : direct_(connect(url)) {}

  void set_in_flight(uint32_t shard, uint64_t epoch) override {
    const auto key = fmt::format("{}{{schedules:{}}}:flown", prefix_, shard);
    ASSERT_TRUE(say(*direct_, {"HSET", key, "claimed", "0 token node"}));
    ASSERT_TRUE(epoch != 0 ? say(*direct_, {"HSET", key, "event", fmt::format("{} token node", epoch)})
                           : say(*direct_, {"HDEL", key, "event"}));
  }

 protected:
  const std::string prefix_ = new_prefix();
  std::unique_ptr<redis::Client> direct_;
};

class StandalonePlace final : public RedisPlace {
 public:
  StandalonePlace() : RedisPlace("redis://" + environment("SCHEDULES_TEST_REDIS")) {}

  std::unique_ptr<Coordinator> node(const std::string& id, TakeOver take_over) override {
    return std::make_unique<OwnedNode>("redis://" + proxy(id).address(), options_of(id), prefix_, std::move(take_over));
  }
  void cut_off(const std::string& id) override { proxy(id).set(TcpProxy::Mode::swallow_requests); }
  void reconnect(const std::string& id) override {
    proxy(id).set(TcpProxy::Mode::pass);
    proxy(id).cut();
  }

 private:
  TcpProxy& proxy(const std::string& id) {
    auto& made = proxies_[id];
    if (!made) made = std::make_unique<TcpProxy>(environment("SCHEDULES_TEST_REDIS"));
    return *made;
  }
  std::map<std::string, std::unique_ptr<TcpProxy>> proxies_;
};

INSTANTIATE_TEST_SUITE_P(Redis, CoordinatorTest,
                         ::testing::Values(CoordinatorBackend{"Standalone",
                                                              [] { return std::make_unique<StandalonePlace>(); }}),
                         coordinator_backend_name);

class RedisCoordinatorTest : public CoordinatorTest {};

/// Where memory is short, owners must go on, or nothing would ever be delivered that frees it.
TEST_P(RedisCoordinatorTest, LeasesGoOnWhereMemoryIsShort) {
  const auto direct = connect("redis://" + environment("SCHEDULES_TEST_REDIS"));
  auto& a = start("a");
  until_balanced({&a});
  const auto before = a.held();
  ASSERT_TRUE(say(*direct, {"CONFIG", "SET", "maxmemory", "1"}));
  EXPECT_EQ(say(*direct, {"SET", "x", "y"}).error().code, Code::disk_full);
  const auto since = now();
  until("leases have been renewed", [&] { return now() - since > 4s; });
  EXPECT_EQ(a.held(), before);
  auto& b = start("b");
  until_balanced({&a, &b});
  ASSERT_TRUE(b.resign());
  until_balanced({&a});
  ASSERT_TRUE(say(*direct, {"CONFIG", "SET", "maxmemory", "0"}));
}

TEST_P(RedisCoordinatorTest, APausedServerEndsEveryLeaseBeforeItAnswersAgain) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CONTROL");
  auto& a = start("a");
  until_balanced({&a});
  const auto before = a.held();
  const auto paused_at = now();
  control.pause();
  until("no lease is left", [&] {
    for (const auto& [shard, epoch] : before) {
      if (a.coordinator().epoch_of(shard)) return false;
    }
    return true;
  });
  EXPECT_LE(now() - paused_at, 4s);
  until("the engine has been told", [&] { return a.count() == 0; });
  until("its view says so", [&] { return !a.view(); });
  control.resume();
  until_balanced({&a});
  for (const auto& [shard, epoch] : a.held()) EXPECT_GT(epoch, before.at(shard)) << "never the old one again";
}

// As a container that is started again under its name, before its leases have ended.
TEST_P(RedisCoordinatorTest, AProcessKnowsThatTheOneBeforeUnderItsNameCrashed) {
  auto& a = start("a");
  until_balanced({&a});
  EXPECT_EQ(a.crashed(), 0U);
  const auto before = a.held().at(3);
  a.coordinator().lost(3, before);
  until("it has it again", [&] {
    const auto held = a.held();
    return held.contains(3) && held.at(3) != before;
  });
  EXPECT_EQ(a.crashed(), 0U) << "one of ours that lapsed";
  a.drop();
  auto& again = start("a");
  until_balanced({&again});
  EXPECT_EQ(again.crashed(), kClusterShards);
}

LeaseState acquired(cluster_redis::LeaseCalls& calls, uint64_t last, uint64_t newest = 0) {
  return await<LeaseState>([&](auto done) { calls.acquire(5, {.last = last, .newest = newest}, std::move(done)); })
      .value();
}

// The newest epoch may be lost with the server's memory; it must not be given out a second time.
TEST_P(RedisCoordinatorTest, AnEpochIsNewEvenWhereTheLastOneIsForgotten) {
  const auto direct = connect("redis://" + environment("SCHEDULES_TEST_REDIS"));
  const auto prefix = new_prefix();
  cluster_redis::LeaseCalls first(*direct, prefix, "a", 3s);
  cluster_redis::LeaseCalls second(*direct, prefix, "b", 3s);
  const auto a = acquired(first, 0);
  ASSERT_TRUE(a.ours);
  EXPECT_FALSE(acquired(second, a.epoch).ours);
  EXPECT_EQ(acquired(second, a.epoch).owner, "a");
  std::this_thread::sleep_for(5ms);  // Redis' clock has gone on, as in every failover
  ASSERT_TRUE(say(*direct, {"DEL", prefix + "{schedules:5}:lease"}));
  const auto b = acquired(second, 0);
  ASSERT_TRUE(b.ours);
  EXPECT_GT(b.epoch, a.epoch);
}

// Nor where the server's clock is behind that of the one before.
TEST_P(RedisCoordinatorTest, AnEpochIsNewerThanAllThatItsAskerHasSeen) {
  const auto direct = connect("redis://" + environment("SCHEDULES_TEST_REDIS"));
  cluster_redis::LeaseCalls calls(*direct, new_prefix(), "a", 3s);
  const uint64_t seen = uint64_t{1} << 50U;
  EXPECT_EQ(acquired(calls, 0, seen).epoch, seen + 1);
}

// Killed and back within a lease's time, with the data of its last second lost: the lease is there, what it knows is not certain.
TEST_P(RedisCoordinatorTest, AServerThatWasStartedAgainEndsEveryLease) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CONTROL");
  auto& a = start("a");
  until_balanced({&a});
  const auto before = a.held();
  control.kill();
  control.start();
  until("all are taken anew", [&] {
    const auto held = a.held();
    return held.size() == kClusterShards &&
           std::ranges::all_of(held, [&](const auto& one) { return one.second > before.at(one.first); });
  });
  EXPECT_EQ(a.crashed(), 0U);
}

TEST_P(RedisCoordinatorTest, ARequestThatComesLateTakesNothing) {
  const auto direct = connect("redis://" + environment("SCHEDULES_TEST_REDIS"));
  cluster_redis::LeaseCalls calls(*direct, new_prefix(), "a", 3s);
  const auto first = acquired(calls, 0);
  const auto again = acquired(calls, 0);  // sent before the first was answered, say
  EXPECT_FALSE(again.ours);
  EXPECT_EQ(again.epoch, first.epoch);
  EXPECT_GT(acquired(calls, first.epoch).epoch, first.epoch);
}

TEST_P(RedisCoordinatorTest, WhatIsGivenFreeHasAnotherEpoch) {
  const auto direct = connect("redis://" + environment("SCHEDULES_TEST_REDIS"));
  cluster_redis::LeaseCalls calls(*direct, new_prefix(), "a", 3s);
  const auto held = acquired(calls, 0);
  const auto released =
      await<bool>([&](auto done) { calls.release(5, held.epoch, LeaseStore::When::now, std::move(done)); });
  EXPECT_TRUE(released.value());
  const auto after = await<LeaseState>([&](auto done) { calls.renew(5, held.epoch, std::move(done)); }).value();
  EXPECT_FALSE(after.ours);
  EXPECT_GT(after.epoch, held.epoch);
}

INSTANTIATE_TEST_SUITE_P(Redis, RedisCoordinatorTest,
                         ::testing::Values(CoordinatorBackend{"Standalone",
                                                              [] { return std::make_unique<StandalonePlace>(); }}),
                         coordinator_backend_name);

}  // namespace
}  // namespace schedules::testing
