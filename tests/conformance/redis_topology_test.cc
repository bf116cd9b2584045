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
 public:
  using RedisTest::run;
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
    const auto put = testing::await<Reply>(
        [&](auto done) { client->call(Call{.script = &kPut, .keys = {key}, .arguments = {key}}, std::move(done)); });
    ASSERT_TRUE(put) << put.error().detail;
  }
  for (const auto& key : keys()) EXPECT_EQ(one(*client, {"GET", key}).value().text, key);
  const auto nodes = testing::await<std::vector<Node>>([&](auto done) { client->nodes(std::move(done)); });
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->size(), 3U);
}

/// A slot on its way from its node to another one, step by step.
class Move {
 public:
  Move(RedisClusterTest& test, uint16_t slot) : test_(test), slot_(slot), from_(test.owner_of(slot)), to_(from_) {
    for (uint16_t other = 0; to_ == from_; other = static_cast<uint16_t>(other + 1'000)) to_ = test.owner_of(other);
    source_ = test.plain(from_);
    target_ = test.plain(to_);
    say(*target_, {"IMPORTING", test.id_of(from_)});
    say(*source_, {"MIGRATING", test.id_of(to_)});
  }
  void carry(const std::string& key) {
    const auto port = test_.addresses[to_].substr(test_.addresses[to_].rfind(':') + 1);
    ASSERT_TRUE(RedisClusterTest::run(*source_, "", {{"MIGRATE", "127.0.0.1", port, key, "0", "5000"}}));
  }
  void finish() {
    const auto id = test_.id_of(to_);
    say(*target_, {"NODE", id});
    say(*source_, {"NODE", id});
  }

 private:
  void say(Client& node, const std::vector<std::string>& words) {
    std::vector<std::string> command{"CLUSTER", "SETSLOT", std::to_string(slot_)};
    command.insert(command.end(), words.begin(), words.end());
    ASSERT_TRUE(RedisClusterTest::run(node, "", {command}));
  }

  RedisClusterTest& test_;
  uint16_t slot_;
  size_t from_;
  size_t to_;
  std::unique_ptr<Client> source_;
  std::unique_ptr<Client> target_;
};

TEST_F(RedisClusterTest, NodesAreTold) {  // to the first call, too
  const auto nodes = testing::await<std::vector<Node>>([&](auto done) { client->nodes(std::move(done)); });
  ASSERT_TRUE(nodes) << nodes.error().detail;
  EXPECT_EQ(nodes->size(), 3U);
}

TEST_F(RedisClusterTest, AKeyOfASlotThatIsMovingIsAskedFor) {
  const std::string key = "{moving}key";
  ASSERT_TRUE(one(*client, {"SET", key, "here"}));
  Move move(*this, slot_of(key));
  move.carry(key);
  EXPECT_EQ(one(*client, {"GET", key}).value().text, "here");  // ASK
  const auto script = testing::await<Reply>([&](auto done) {   // ASK, and the node may not know the script
    client->call(Call{.script = &kPut, .keys = {key}, .arguments = {"there"}}, std::move(done));
  });
  ASSERT_TRUE(script) << script.error().detail;
  move.finish();
  EXPECT_EQ(one(*client, {"GET", key}).value().text, "there");  // MOVED
  EXPECT_EQ(one(*client, {"SET", key, "still"}).value().text, "OK");
}

TEST_F(RedisClusterTest, ABatchThatIsHalfOnEitherSideOfAMoveIsNotSentTwice) {
  const std::string gone = "{halfway}gone";
  const std::string here = "{halfway}here";
  ASSERT_TRUE(run(*client, gone, {{"SET", gone, "0"}, {"SET", here, "0"}}));
  Move move(*this, slot_of(gone));
  move.carry(gone);
  const auto mixed = run(*client, gone, {{"INCR", gone}, {"INCR", here}});
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Code::unavailable);
  move.carry(here);
  move.finish();
  EXPECT_EQ(one(*client, {"GET", gone}).value().text, "0");
  EXPECT_EQ(one(*client, {"GET", here}).value().text, "1");
}

TEST_F(RedisClusterTest, NodesThatDoNotKnowTheirNamesAreFoundWhereTheyWereAsked) {
  const auto each = [&](const std::string& type) {
    for (size_t node = 0; node < addresses.size(); ++node) {
      const auto direct = plain(node);
      ASSERT_TRUE(one(*direct, {"CONFIG", "SET", "cluster-preferred-endpoint-type", type}));
    }
  };
  each("unknown-endpoint");
  const std::string key = "{nameless}key";
  client = connect("redis-cluster://" + addresses.front());
  ASSERT_TRUE(one(*client, {"SET", key, "x"}));
  Move move(*this, slot_of(key));
  move.carry(key);
  EXPECT_EQ(one(*client, {"GET", key}).value().text, "x");  // ASK
  move.finish();
  EXPECT_EQ(one(*client, {"GET", key}).value().text, "x");  // MOVED
  each("ip");
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

class RedisSentinelTest : public RedisTest {
 protected:
  void SetUp() override {
    const auto parts = split(environment("SCHEDULES_TEST_REDIS_SENTINEL"), '#');
    sentinels = split(parts.at(0), ',');
    name = parts.at(1);
  }
  [[nodiscard]] std::unique_ptr<Client> through(const std::string& addresses, const std::string& query = "") const {
    return connect("redis-sentinel://" + addresses + "/0" + query + "#" + name);
  }
  [[nodiscard]] static std::string all() { return split(environment("SCHEDULES_TEST_REDIS_SENTINEL"), '#').at(0); }
  void TearDown() override { monitor(""); }
  /// Lets one of them name a master "other" at this address.
  void monitor(const std::string& address) const {
    const auto direct = connect("redis://" + sentinels.back());
    static_cast<void>(one(*direct, {"SENTINEL", "REMOVE", "other"}));
    if (address.empty()) return;
    const auto parts = split(address, ':');
    ASSERT_TRUE(one(*direct, {"SENTINEL", "MONITOR", "other", parts.at(0), parts.at(1), "3"}));
  }
  /// A primary that has nothing to do with theirs.
  [[nodiscard]] static std::string stranger() {
    for (const auto& address : split(environment("SCHEDULES_TEST_REDIS_CLUSTER"), ',')) {
      const auto direct = connect("redis://" + address);
      const auto role = one(*direct, {"ROLE"});
      if (role && role->items.at(0).text == "master") return address;
    }
    throw std::runtime_error("the Cluster has no primary");
  }
  /// Where the Sentinels say that the primary is.
  [[nodiscard]] std::string primary() const {
    const auto direct = connect("redis://" + sentinels.front());
    const auto address = one(*direct, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name}).value();
    return address.items.at(0).text + ":" + address.items.at(1).text;
  }
  /// Which node of the group the primary is: of the two that hold data.
  [[nodiscard]] int primary_node() const {
    const auto nodes = split(environment("SCHEDULES_TEST_REDIS_SENTINEL_DATA"), ',');
    return static_cast<int>(std::ranges::find(nodes, primary()) - nodes.begin());
  }
  /// Until the Sentinels could fail over again.
  void until_replicated() const {
    const auto direct = connect("redis://" + primary());
    until([&] { return one(*direct, {"INFO", "replication"}).value().text.find("state=online") != std::string::npos; },
          "the replica");
  }
  std::vector<std::string> sentinels;
  std::string name;
};

TEST_F(RedisSentinelTest, TheNewPrimaryIsFoundAfterAFailover) {
  const ServerControl control("SCHEDULES_TEST_REDIS_SENTINEL_CONTROL");
  const auto client = through(all());
  const int before = primary_node();
  ASSERT_TRUE(run(*client, "a", {{"SET", "a", "kept"}, {"WAIT", "1", "2000"}}));
  std::atomic<int> gaps = 0;
  client->subscribe("news", [](std::string_view) {}, [&] { ++gaps; });
  until([&] { return gaps == 1; }, "the subscription");
  control.kill(before);
  until([&] { return one(*client, {"SET", "a", "new"}).has_value(); }, "the failover");
  EXPECT_EQ(one(*client, {"GET", "a"}).value().text, "new");
  until([&] { return gaps >= 2; }, "the subscription at the new one");
  // The old one comes back as a replica and is not taken for the primary.
  control.start(before);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(one(*client, {"SET", "a", std::to_string(i)}));
  until_replicated();
}

TEST_F(RedisSentinelTest, CallsAndSubscriptionsFollowASwitch) {
  const auto client = through(all());
  ASSERT_TRUE(one(*client, {"SET", "b", "1"}));
  client->subscribe("follow", [](std::string_view) {}, [] {});
  const auto before = primary();
  until_replicated();
  const auto direct = connect("redis://" + sentinels.front());
  until([&] { return one(*direct, {"SENTINEL", "FAILOVER", name}).has_value(); }, "the Sentinel's consent");
  until([&] { return primary() != before; }, "the switch");
  const auto now = connect("redis://" + primary());
  // The old one takes calls until it is told, too; what it took then is lost.
  until([&] { return one(*client, {"SET", "b", "2"}).has_value() && one(*now, {"GET", "b"}).value().text == "2"; },
        "the new primary");
  until([&] { return run(*now, "", {{"PUBSUB", "NUMSUB", "follow"}}).value().at(0).items.at(1).integer == 1; },
        "the subscription at the new one");
}

// Where the old one lives on, alone, nothing but the Sentinels' word tells that it is of no use.
TEST_F(RedisSentinelTest, ASubscriptionLeavesAServerThatIsThePrimaryNoMore) {
  const auto old = connect("redis://" + primary());
  const auto next = stranger();
  const auto now = connect("redis://" + next);
  const auto listeners = [](Client& at) {
    return run(at, "", {{"PUBSUB", "NUMSUB", "elsewhere"}}).value().at(0).items.at(1).integer;
  };

  monitor(primary());
  auto client = connect("redis-sentinel://" + sentinels.back() + "/0#other");
  client->subscribe("elsewhere", [](std::string_view) {}, [] {});
  until([&] { return listeners(*old) == 1; }, "the subscription");
  monitor(next);
  ASSERT_TRUE(
      one(*old, {"CLIENT", "KILL", "TYPE", "normal"}));  // the client looks for its primary; the subscription stays
  until([&] { return listeners(*now) == 1; }, "the subscription at the new one");
  until([&] { return listeners(*old) == 0; }, "the end of the old one");
  client.reset();
}

TEST_F(RedisSentinelTest, AServerThatTakesNoWritesIsLeftForThePrimary) {
  monitor(primary());
  const auto client = connect("redis-sentinel://" + sentinels.back() + "/0#other", Options{.timeout = 1s});
  ASSERT_TRUE(one(*client, {"PING"}));
  const auto next = stranger();
  monitor(next);
  EXPECT_FALSE(one(*client, {"EVAL", "return redis.error_reply('READONLY no more')", "0"}));
  const auto port = "tcp_port:" + next.substr(next.rfind(':') + 1);
  until([&] { return one(*client, {"INFO", "server"}).value_or(Reply{}).text.find(port) != std::string::npos; },
        "the new primary");
}

TEST_F(RedisSentinelTest, SentinelsThatAreAwayArePassedOver) {
  for (int i = 0; i < 20; ++i) {
    const auto client = through("127.0.0.1:1,127.0.0.1:2," + all());
    const auto reply = one(*client, {"PING"});
    EXPECT_TRUE(reply) << reply.error().detail;
  }
}

TEST_F(RedisSentinelTest, TheirPasswordIsNotThatOfTheData) {
  const auto admin = connect("redis://" + sentinels.back());
  ASSERT_TRUE(one(*admin, {"ACL", "SETUSER", "default", "resetpass", ">s3cret"}));
  const auto stranger = through(sentinels.back());
  const auto refused = one(*stranger, {"PING"});
  const auto known = through(sentinels.back(), "?sentinel_password=s3cret");
  const auto reply = one(*known, {"PING"});
  ASSERT_TRUE(one(*admin, {"ACL", "SETUSER", "default", "nopass"}));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("NOAUTH"), std::string::npos) << refused.error().detail;
  EXPECT_TRUE(reply) << reply.error().detail;
}

TEST_F(RedisSentinelTest, AMasterThatNobodyKnowsIsAnError) {
  const auto client = connect("redis-sentinel://" + all() + "/0#nobody", Options{.timeout = 2s});
  const auto reply = one(*client, {"PING"});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::unavailable);
  EXPECT_NE(reply.error().detail.find("nobody"), std::string::npos) << reply.error().detail;
}

}  // namespace schedules::redis
