// The client and a real Cluster, and real Sentinels: routing, redirections, failover.
#include "tests/conformance/redis_fixture.h"

namespace schedules::redis {

using namespace std::chrono_literals;
using testing::environment;
using testing::ServerControl;

namespace {

const Script kPut("return redis.call('SET', KEYS[1], ARGV[1])");

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  size_t from = 0;
  for (size_t end = text.find(at); end != std::string::npos; end = text.find(at, from = end + 1)) {
    parts.push_back(text.substr(from, end - from));
  }
  parts.push_back(text.substr(from));
  return parts;
}

}  // namespace

class RedisClusterTest : public RedisTest {
 protected:
  void SetUp() override {
    const auto all = environment("SCHEDULES_TEST_REDIS_CLUSTER");
    addresses = split(all, ',');
    client = connect("redis-cluster://" + all);
  }
  /// Some keys of every primary's slots.
  static std::vector<std::string> keys() {
    std::vector<std::string> made;
    for (int i = 0; i < 60; ++i) made.push_back(fmt::format("key:{{{}}}", i));
    return made;
  }
  std::unique_ptr<Client> plain(size_t node) { return connect("redis://" + addresses[node]); }
  std::string id_of(size_t node) {
    const auto direct = plain(node);
    return one(*direct, {"CLUSTER", "MYID"}).value().text;
  }
  /// The node that serves the slot.
  size_t owner_of(uint16_t slot) {
    const auto direct = plain(0);
    const auto slots = run(*direct, "", {{"CLUSTER", "SLOTS"}}).value().front();
    for (const auto& range : slots.items) {
      if (range.items[0].integer > slot || range.items[1].integer < slot) continue;
      const auto address = fmt::format("127.0.0.1:{}", range.items[2].items[1].integer);
      return static_cast<size_t>(std::ranges::find(addresses, address) - addresses.begin());
    }
    return SIZE_MAX;
  }
  std::vector<std::string> addresses;
  std::unique_ptr<Client> client;
};

TEST_F(RedisClusterTest, EveryKeyIsFoundOnItsNode) {
  for (const auto& key : keys()) {
    const auto put = testing::await<Reply>([&](auto done) {
      client->call(Call{.script = &kPut, .keys = {key}, .arguments = {key}}, std::move(done));
    });
    ASSERT_TRUE(put) << put.error().detail;
  }
  for (const auto& key : keys()) EXPECT_EQ(one(*client, {"GET", key}).value().text, key);
  const auto nodes = testing::await<std::vector<Node>>([&](auto done) { client->nodes(std::move(done)); });
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->size(), 3U);
}

TEST_F(RedisClusterTest, AKeyOfASlotThatIsMovingIsAskedFor) {
  const std::string key = "{moving}key";
  const uint16_t slot = slot_of(key);
  ASSERT_TRUE(one(*client, {"SET", key, "here"}));
  const size_t from = owner_of(slot);
  size_t to = 0;
  for (uint16_t other = 0; (to = owner_of(other)) == from; other = static_cast<uint16_t>(other + 1'000)) {
  }
  const auto source = plain(from);
  const auto target = plain(to);
  ASSERT_TRUE(run(*target, "", {{"CLUSTER", "SETSLOT", std::to_string(slot), "IMPORTING", id_of(from)}}));
  ASSERT_TRUE(run(*source, "", {{"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", id_of(to)}}));
  const auto port = addresses[to].substr(addresses[to].rfind(':') + 1);
  ASSERT_TRUE(run(*source, "", {{"MIGRATE", "127.0.0.1", port, key, "0", "5000"}}));
  EXPECT_EQ(one(*client, {"GET", key}).value().text, "here");  // ASK
  ASSERT_TRUE(run(*target, "", {{"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id_of(to)}}));
  ASSERT_TRUE(run(*source, "", {{"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id_of(to)}}));
  EXPECT_EQ(one(*client, {"GET", key}).value().text, "here");  // MOVED
  EXPECT_EQ(one(*client, {"SET", key, "there"}).value().text, "OK");
}

TEST_F(RedisClusterTest, AMessageReachesASubscriberOfAnyNode) {
  std::atomic<int> gaps = 0;
  std::atomic<int> heard = 0;
  client->subscribe("news", [&](std::string_view) { ++heard; }, [&] { ++gaps; });
  until([&] { return gaps > 0; }, "the subscription");
  for (size_t node = 0; node < addresses.size(); ++node) {
    const auto direct = plain(node);
    ASSERT_TRUE(run(*direct, "", {{"PUBLISH", "news", "x"}}));
  }
  until([&] { return heard == 6; }, "the messages");
  client.reset();
}

TEST_F(RedisClusterTest, TheSlotsOfAKilledPrimaryWorkAgainAfterItsFailover) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CLUSTER_CONTROL");
  const std::string key = "{failover}key";
  ASSERT_TRUE(run(*client, key, {{"SET", key, "kept"}, {"WAIT", "1", "2000"}}));
  const size_t primary = owner_of(slot_of(key));
  control.kill(static_cast<int>(primary));
  until([&] { return !one(*client, {"GET", key}); }, "the loss");
  // The others go on meanwhile.
  size_t served = 0;
  for (const auto& other : keys()) served += one(*client, {"SET", other, "x"}).has_value() ? 1 : 0;
  EXPECT_GT(served, 0U);
  until([&] { return one(*client, {"GET", key}).has_value(); }, "the failover");
  EXPECT_EQ(one(*client, {"GET", key}).value().text, "kept");
  control.start(static_cast<int>(primary));
}

class RedisSentinelTest : public RedisTest {};

TEST_F(RedisSentinelTest, TheNewPrimaryIsFoundAfterAFailover) {
  const ServerControl control("SCHEDULES_TEST_REDIS_SENTINEL_CONTROL");
  const auto [addresses, name] = [] {
    const auto parts = split(environment("SCHEDULES_TEST_REDIS_SENTINEL"), '#');
    return std::pair(parts.at(0), parts.at(1));
  }();
  const auto client = connect("redis-sentinel://" + addresses + "/0#" + name);
  ASSERT_TRUE(run(*client, "a", {{"SET", "a", "kept"}, {"WAIT", "1", "2000"}}));
  std::atomic<int> gaps = 0;
  client->subscribe("news", [](std::string_view) {}, [&] { ++gaps; });
  until([&] { return gaps == 1; }, "the subscription");
  control.kill(0);
  until([&] { return one(*client, {"SET", "a", "new"}).has_value(); }, "the failover");
  EXPECT_EQ(one(*client, {"GET", "a"}).value().text, "new");
  until([&] { return gaps >= 2; }, "the subscription at the new one");
  // The old one comes back as a replica and is not taken for the primary.
  control.start(0);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(one(*client, {"SET", "a", std::to_string(i)}));
}

TEST_F(RedisSentinelTest, AMasterThatNobodyKnowsIsAnError) {
  const auto addresses = split(environment("SCHEDULES_TEST_REDIS_SENTINEL"), '#').at(0);
  const auto client = connect("redis-sentinel://" + addresses + "/0#nobody", Options{.timeout = 2s});
  const auto reply = one(*client, {"PING"});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::unavailable);
  EXPECT_NE(reply.error().detail.find("nobody"), std::string::npos) << reply.error().detail;
}

}  // namespace schedules::redis
