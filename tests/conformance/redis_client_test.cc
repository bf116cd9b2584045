// The client and one real server: every byte, order, scripts, limits, outages, TLS, subscriptions.
#include <list>

#include "tests/conformance/redis_fixture.h"

namespace schedules::redis {

using namespace std::chrono_literals;
using testing::environment;
using testing::ServerControl;

class RedisClientTest : public RedisTest {
 protected:
  void SetUp() override { client = connect(url()); }
  static std::string url() { return "redis://" + environment("SCHEDULES_TEST_REDIS"); }
  std::unique_ptr<Client> client;
};

TEST_F(RedisClientTest, BytesOfAnyKindComeBackAsTheyWere) {
  std::string big(1024 * 1024, 'x');
  for (const auto& value : {std::string("a\0b\r\n$3\r\n", 9), std::string(), std::string("\xff\xfe"), big}) {
    ASSERT_TRUE(one(*client, {"SET", "bytes", value}));
    EXPECT_EQ(one(*client, {"GET", "bytes"}).value().text, value);
  }
}

TEST_F(RedisClientTest, KindsOfAnswers) {
  EXPECT_TRUE(one(*client, {"GET", "missing"}).value().is_nil());
  EXPECT_EQ(one(*client, {"INCR", "n-kinds"}).value().integer, 1);
  const auto list = one(*client, {"EVAL", "return {1, 'two', {3}}", "0"});
  ASSERT_TRUE(list) << list.error().detail;
  EXPECT_EQ(list->items.at(2).items.at(0).integer, 3);
  const auto wrong = one(*client, {"NOSUCH", "x"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::io_error);
}

TEST_F(RedisClientTest, ManyCallsAnswerInOrderAndAreTimed) {
  constexpr int kCalls = 200'000;
  client = connect(url(), Options{.max_under_way = kCalls});
  std::atomic<int> left = kCalls;
  std::atomic<int> wrong = 0;
  std::promise<void> all;
  int last = 0;  // of the client's thread
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(one(*client, {"DEL", "n-order"}));
  for (int i = 0; i < kCalls; ++i) {
    client->run(Batch{.key = "n-order", .commands = {{"INCR", "n-order"}}}, [&](Result<std::vector<Reply>> replies) {
      if (!replies || replies->front().integer != ++last) ++wrong;
      if (--left == 0) all.set_value();
    });
  }
  all.get_future().wait();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%.0f calls/s through one connection\n", kCalls / took.count());
  EXPECT_EQ(wrong, 0);
}

TEST_F(RedisClientTest, TooManyCallsUnderWayAreRefused) {
  client = connect(url(), Options{.max_under_way = 1});
  std::promise<void> first;
  client->run(Batch{.key = "k", .commands = {{"BLPOP", "held", "30"}}},
              [&](const Result<std::vector<Reply>>&) { first.set_value(); });
  std::promise<std::thread::id> where;
  client->run(Batch{.key = "k", .commands = {{"PING"}}}, [&](const Result<std::vector<Reply>>& second) {
    EXPECT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::overloaded);
    where.set_value(std::this_thread::get_id());
  });
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());  // as every answer: on the client's thread
  const auto other = connect(url());
  ASSERT_TRUE(one(*other, {"RPUSH", "held", "x"}));
  first.get_future().wait();
}

TEST_F(RedisClientTest, AScriptIsSentWhereItIsNotKnown) {
  static const Script script("return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}");
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(one(*client, {"SCRIPT", "FLUSH"}));
    const auto reply = testing::await<Reply>([&](auto done) {
      client->call(Call{.script = &script, .keys = {"n-script"}, .arguments = {"arg"}}, std::move(done));
    });
    ASSERT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(reply->items.at(1).text, "arg");
    EXPECT_EQ(reply->items.at(2).integer, i);
  }
}

TEST_F(RedisClientTest, AScriptNamesItsError) {
  for (const auto* text : {"return redis.error_reply('STALE_EPOCH it is 7')", "return {err='STALE_EPOCH it is 7'}"}) {
    static std::list<Script> scripts;
    scripts.emplace_back(text);
    const auto reply = testing::await<Reply>(
        [&](auto done) { client->call(Call{.script = &scripts.back(), .keys = {"k"}}, std::move(done)); });
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Code::stale_epoch) << reply.error().detail;
  }
}

TEST_F(RedisClientTest, TooFewReplicasAreAnError) {
  static const Script script("return redis.call('INCR', KEYS[1])");
  client = connect(url(), Options{.timeout = 1s});
  const auto reply = testing::await<Reply>([&](auto done) {
    client->call(Call{.script = &script, .keys = {"n-wait"}, .arguments = {}, .wait_replicas = 1}, std::move(done));
  });
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::unavailable);
  EXPECT_EQ(one(*client, {"GET", "n-wait"}).value().text, "1");  // done all the same
}

TEST_F(RedisClientTest, TellsWhatTheServerIs) {
  const auto nodes = testing::await<std::vector<Node>>([&](auto done) {
    static_cast<void>(one(*client, {"PING"}));
    client->nodes(std::move(done));
  });
  ASSERT_TRUE(nodes) << nodes.error().detail;
  ASSERT_EQ(nodes->size(), 1U);
  EXPECT_EQ(nodes->front().maxmemory_policy, "noeviction");
  EXPECT_FALSE(nodes->front().version.empty());
  EXPECT_FALSE(nodes->front().run_id.empty());
}

TEST_F(RedisClientTest, AServerThatIsKilledFailsCallsAtOnceAndIsFoundAgain) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CONTROL");
  ASSERT_TRUE(one(*client, {"SET", "kept", "1"}));
  control.kill();
  until([&] { return !one(*client, {"PING"}); }, "the kill");
  const auto away = one(*client, {"PING"});
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::unavailable);
  control.start();
  until([&] { return one(*client, {"GET", "kept"}).has_value(); }, "the return");
  EXPECT_EQ(one(*client, {"GET", "kept"}).value().text, "1");
}

TEST_F(RedisClientTest, AServerThatIsSilentIsGivenUp) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CONTROL");
  client = connect(url(), Options{.connect_timeout = 300ms, .timeout = 300ms});
  ASSERT_TRUE(one(*client, {"PING"}));
  const auto other = connect(url());
  ASSERT_TRUE(one(*other, {"BLPOP", "nothing-comes", "0.2"}));  // meanwhile ours has nothing to wait for
  control.pause();
  const auto reply = one(*client, {"INCR", "n-silent"});
  control.resume();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::unavailable);
  until([&] { return one(*client, {"PING"}).has_value(); }, "the return");
}

TEST_F(RedisClientTest, ACallWaitsForTheFirstConnectionOnlySoLong) {
  client = connect("redis://127.0.0.1:1", Options{.connect_timeout = 200ms, .timeout = 500ms});
  const auto reply = one(*client, {"PING"});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::unavailable);
}

TEST_F(RedisClientTest, ACallIsNotLateBecauseConnectingMayTakeLonger) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CONTROL");
  control.pause();
  client = connect(url(), Options{.connect_timeout = 1h, .timeout = 200ms});
  const auto reply = one(*client, {"PING"});
  control.resume();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::unavailable);
  EXPECT_NE(reply.error().detail.find("in time"), std::string::npos) << reply.error().detail;
  until([&] { return one(*client, {"PING"}).has_value(); }, "the connection");
}

TEST_F(RedisClientTest, AServerThatIsFullSaysSo) {
  ASSERT_TRUE(one(*client, {"CONFIG", "SET", "maxclients", "1"}));
  const auto second = connect(url());
  Result<Reply> refused;
  until(
      [&] {
        refused = one(*second, {"PING"});
        return !refused && refused.error().detail.find("max number of clients") != std::string::npos;
      },
      "the refusal");
  ASSERT_TRUE(one(*client, {"CONFIG", "SET", "maxclients", "1000"}));
  until([&] { return one(*second, {"PING"}).has_value(); }, "the connection");
}

TEST_F(RedisClientTest, AUserHasItsOwnPasswordAndRights) {
  ASSERT_TRUE(one(*client, {"ACL", "SETUSER", "mute", "on", ">p@ss", "+@all", "~*", "resetchannels"}));
  const auto address = environment("SCHEDULES_TEST_REDIS");
  const auto mute = connect("redis://mute:p%40ss@" + address + "/3");
  EXPECT_EQ(one(*mute, {"ACL", "WHOAMI"}).value().text, "mute");
  const auto known = one(*mute, {"CLIENT", "INFO"}).value().text;
  EXPECT_NE(known.find(" name=stufio-schedules "), std::string::npos) << known;
  EXPECT_NE(known.find(" db=3 "), std::string::npos) << known;
  const auto wrong = connect("redis://mute:other@" + address);
  const auto refused = one(*wrong, {"PING"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail.find("other"), std::string::npos) << refused.error().detail;
  EXPECT_NE(refused.error().detail.find("WRONGPASS"), std::string::npos) << refused.error().detail;
}

TEST_F(RedisClientTest, ASubscriptionThatIsRefusedIsTriedUntilItIsHad) {
  ASSERT_TRUE(one(*client, {"ACL", "SETUSER", "deaf", "on", ">pw", "+@all", "~*", "resetchannels"}));
  ASSERT_TRUE(one(*client, {"ACL", "LOG", "RESET"}));
  std::atomic<int> gaps = 0;
  auto deaf = connect("redis://deaf:pw@" + environment("SCHEDULES_TEST_REDIS"));
  deaf->subscribe("news", [](std::string_view) {}, [&] { ++gaps; });
  const auto refusals = [&] {  // equal ones are one entry: "count", n, …
    const auto entries = one(*client, {"ACL", "LOG"}).value().items;
    return entries.empty() ? 0 : entries.front().items.at(1).integer;
  };
  until([&] { return refusals() >= 2; }, "two refusals");
  EXPECT_EQ(gaps, 0);
  ASSERT_TRUE(one(*client, {"ACL", "SETUSER", "deaf", "allchannels"}));
  until([&] { return gaps == 1; }, "the subscription");
  deaf.reset();
}

TEST_F(RedisClientTest, WhatAnAnswerAsksAtTheEndIsAnsweredToo) {
  std::promise<Result<std::vector<Reply>>> answer;
  Client* const ending = client.get();
  ending->run(Batch{.key = "k", .commands = {{"BLPOP", "nothing-comes", "5"}}}, [&](const Result<std::vector<Reply>>&) {
    ending->run(Batch{.key = "k", .commands = {{"PING"}}},
                [&](Result<std::vector<Reply>> replies) { answer.set_value(std::move(replies)); });
  });
  client.reset();
  const auto reply = answer.get_future().get();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::shutting_down);
}

TEST_F(RedisClientTest, WhatIsUnderWayAtTheEndAnswersShuttingDown) {
  std::promise<Result<std::vector<Reply>>> answer;
  client->run(Batch{.key = "k", .commands = {{"BLPOP", "nothing-comes", "5"}}},
              [&](Result<std::vector<Reply>> replies) { answer.set_value(std::move(replies)); });
  client.reset();
  const auto reply = answer.get_future().get();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Code::shutting_down);
}

TEST_F(RedisClientTest, ASubscriptionSurvivesARestartAndTellsOfTheGap) {
  const ServerControl control("SCHEDULES_TEST_REDIS_CONTROL");
  std::atomic<int> gaps = 0;
  std::atomic<int> heard = 0;
  client->subscribe("news", [&](std::string_view message) { heard += message == "hello" ? 1 : 1000; }, [&] { ++gaps; });
  until([&] { return gaps == 1; }, "the first subscription");
  ASSERT_TRUE(one(*client, {"PUBLISH", "news", "hello"}));
  until([&] { return heard == 1; }, "the message");
  control.kill();
  control.start();
  until([&] { return gaps == 2; }, "the second subscription");
  until([&] { return one(*client, {"PUBLISH", "news", "hello"}).has_value(); }, "the return");
  until([&] { return heard == 2; }, "the second message");
  client.reset();
}

TEST_F(RedisClientTest, TlsAndPassword) {
  const auto address = environment("SCHEDULES_TEST_REDIS_SECURED");
  const auto ca = environment("SCHEDULES_TEST_REDIS_CA");
  const auto secret = environment("SCHEDULES_TEST_REDIS_PASSWORD");
  client = connect("rediss://:" + secret + "@" + address, Options{.ca_file = ca});
  ASSERT_TRUE(one(*client, {"SET", "a", std::string(300'000, 'y')}));
  EXPECT_EQ(one(*client, {"GET", "a"}).value().text.size(), 300'000U);

  client = connect("rediss://:wrong@" + address, Options{.ca_file = ca});
  const auto refused = one(*client, {"PING"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("WRONGPASS"), std::string::npos) << refused.error().detail;

  client = connect("rediss://" + address, Options{.ca_file = ca});
  const auto nobody = one(*client, {"PING"});
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().detail.find("NOAUTH"), std::string::npos) << nobody.error().detail;

  // Its certificate names 127.0.0.1 and localhost.
  client = connect("rediss://:" + secret + "@127.0.0.2" + address.substr(address.rfind(':')), Options{.ca_file = ca});
  const auto misnamed = one(*client, {"PING"});
  ASSERT_FALSE(misnamed);
  EXPECT_NE(misnamed.error().detail.find("TLS"), std::string::npos) << misnamed.error().detail;
  client = connect("rediss://:" + secret + "@localhost" + address.substr(address.rfind(':')), Options{.ca_file = ca});
  EXPECT_TRUE(one(*client, {"PING"}));

  client = connect("rediss://:" + secret + "@" + address);  // the system's CAs do not know it
  const auto untrusted = one(*client, {"PING"});
  ASSERT_FALSE(untrusted);
  EXPECT_NE(untrusted.error().detail.find("TLS"), std::string::npos) << untrusted.error().detail;
}

TEST_F(RedisClientTest, AServerWithTlsIsFoundAgain) {
  const ServerControl control("SCHEDULES_TEST_REDIS_SECURED_CONTROL");
  client = connect(
      "rediss://:" + environment("SCHEDULES_TEST_REDIS_PASSWORD") + "@" + environment("SCHEDULES_TEST_REDIS_SECURED"),
      Options{.ca_file = environment("SCHEDULES_TEST_REDIS_CA")});
  ASSERT_TRUE(one(*client, {"PING"}));
  control.kill();
  until([&] { return !one(*client, {"PING"}); }, "the kill");
  control.start();
  until([&] { return one(*client, {"PING"}).has_value(); }, "the return");
}

TEST_F(RedisClientTest, AMissingCaFileIsToldAtOnce) {
  static const SystemClock clock;
  const auto opened = Client::open(parse_url("rediss://h").value(), Options{.ca_file = "/no/such/file"}, clock);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::io_error);
  EXPECT_NE(opened.error().detail.find("/no/such/file"), std::string::npos);
}

}  // namespace schedules::redis
