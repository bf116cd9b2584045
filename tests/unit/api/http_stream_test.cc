#include <gtest/gtest.h>

#include "api/http/server.h"
#include "api/http/stream.h"
#include "tests/unit/api/fakes.h"
#include "tests/unit/api/http_client.h"

namespace schedules::api {
namespace {

TEST(StreamQueue, WakesOnceUntilEverythingWasTaken) {
  int woken = 0;
  http::StreamQueue queue(100, [&] { ++woken; });
  EXPECT_TRUE(queue.write("a"));
  EXPECT_TRUE(queue.write("b"));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(queue.take().text, "ab");
  EXPECT_EQ(queue.take().text, "");
  EXPECT_TRUE(queue.write("c"));
  EXPECT_EQ(woken, 2);
}

TEST(StreamQueue, CutsOffAReaderThatIsTooSlow) {
  http::StreamQueue queue(3, [] {});
  EXPECT_TRUE(queue.write("abc"));
  EXPECT_FALSE(queue.write("d"));
  EXPECT_TRUE(queue.take().overrun);
  EXPECT_FALSE(queue.write("e"));
}

TEST(StreamQueue, TellsWhenAllWasSent) {
  http::StreamQueue queue(100, [] {});
  bool sent = false;
  queue.write("a");
  queue.when_sent([&] { sent = true; });
  EXPECT_EQ(queue.take().text, "a");
  EXPECT_FALSE(sent);
  queue.take();
  EXPECT_TRUE(sent);
}

// The whole way: a socket, the server, the route, a stream.
struct EventStream : ::testing::Test {
  SystemClock clock;
  Fixture fixture;
  http::Server server{{.port = 0}, fixture.api, clock, *fixture.random};

  void SetUp() override { ASSERT_TRUE(server.start()); }
  void TearDown() override { server.stop(std::chrono::seconds(5)); }
  [[nodiscard]] size_t readers() const {
    const std::scoped_lock lock(fixture.stream.shared->mutex);
    return fixture.stream.shared->readers;
  }
  static void open(http::Client& client, std::string_view query = "", std::string_view headers = "") {
    client.send(fmt::format("GET /api/v1/events/stream{} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", query, headers));
  }
};

TEST_F(EventStream, DeliversWhatIsThereAndWhatComesLater) {
  fixture.stream.push("id: 1\n\n");
  http::Client client(server.port());
  open(client, "?topic=a&topic=b", "Last-Event-ID: 7\r\n");
  EXPECT_NE(client.read_until("id: 1\n\n").find("text/event-stream"), std::string::npos);
  fixture.stream.push("id: 2\n\n");
  EXPECT_NE(client.read_until("id: 2\n\n").find("id: 2"), std::string::npos);
  EXPECT_EQ(fixture.stream.asked.topics, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(fixture.stream.asked.after, 7U);
}

TEST_F(EventStream, ALargeBacklogArrivesWhole) {
  for (int i = 0; i < 100; ++i) fixture.stream.push(std::string(100'000, 'x') + "\n\n");
  fixture.stream.push("last\n\n");
  http::Client client(server.port());
  open(client);
  EXPECT_GT(client.read_until("last\n\n").size(), 10'000'000U);
}

TEST_F(EventStream, AReaderThatLeavesIsForgotten) {
  {
    http::Client client(server.port());
    open(client);
    client.read_until("retry: 2000\n\n");
    EXPECT_EQ(readers(), 1U);
  }
  while (readers() > 0 || server.connections() > 0) std::this_thread::yield();
}

TEST_F(EventStream, TheQueryResumesToo) {
  http::Client client(server.port());
  open(client, "?last_event_id=12");
  client.read_until("retry: 2000\n\n");
  EXPECT_EQ(fixture.stream.asked.after, 12U);
}

TEST_F(EventStream, AnIdThatIsNoNumberIs422) {
  http::Client client(server.port());
  EXPECT_EQ(client.get("/api/v1/events/stream?last_event_id=x").status, 422);
}

TEST_F(EventStream, StopEndsAStreamProperly) {
  http::Client client(server.port());
  open(client);
  client.read_until("retry: 2000\n\n");
  server.stop(std::chrono::seconds(5));
  EXPECT_EQ(readers(), 0U);
  EXPECT_TRUE(client.read_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
  EXPECT_TRUE(client.at_end());
}

TEST_F(EventStream, OptionsAndHeadAreAnswered) {
  http::Client client(server.port());
  client.send("OPTIONS /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto options = client.read();
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "POST, GET, HEAD, OPTIONS");
  client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read("HEAD").status, 200);
}

}  // namespace
}  // namespace schedules::api
