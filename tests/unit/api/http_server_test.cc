#include <gtest/gtest.h>

#include "api/http/server.h"
#include "tests/unit/api/http_client.h"

namespace schedules::http {
namespace {

using std::chrono::milliseconds;

// Echoes bodies; "/wait" keeps its responders until the test answers; "/drop" answers nothing.
struct Echo final : Dispatcher {
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<Responder> waiting;

  size_t body_limit(Request&) const override { return 1000; }
  void dispatch(Request request, Responder responder) override {
    if (request.path() == "/drop") return;
    if (request.path() == "/wait") {
      const std::scoped_lock lock(mutex);
      waiting.push_back(std::move(responder));
      changed.notify_all();
      return;
    }
    Response response{.status = 200, .content_type = "text/plain", .body = request.body, .headers = {}};
    if (request.path() == "/big") response.body.assign(5'000'000, 'x');
    if (request.path() == "/none") response.status = 204;
    if (request.path() == "/path") response.body = request.target;
    responder.send(std::move(response));
  }
  [[nodiscard]] Response refusal(const Request&, const Error& error) const override {
    return {.status = http_status_of(error.code), .content_type = "text/plain", .body = error.detail, .headers = {}};
  }
  Responder next_waiting() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return !waiting.empty(); });
    Responder responder = std::move(waiting.back());
    waiting.pop_back();
    return responder;
  }
};

struct HttpServer : ::testing::Test {
  SystemClock clock;
  std::unique_ptr<Random> random = seeded_random(1);
  Echo echo;
  std::unique_ptr<Server> server;

  void start(ServerOptions options = {}) {
    options.port = 0;
    server = std::make_unique<Server>(options, echo, clock, *random);
    ASSERT_TRUE(server->start());
  }
  void wait_for_connections(size_t count) const {
    while (server->connections() != count) std::this_thread::yield();
  }
};

std::string post(std::string_view body, std::string_view more = "") {
  return fmt::format("POST / HTTP/1.1\r\nHost: x\r\n{}Content-Length: {}\r\n\r\n{}", more, body.size(), body);
}

TEST_F(HttpServer, KeepsTheConnectionForTheNextRequest) {
  start();
  Client client(server->port());
  client.send(post("one"));
  EXPECT_EQ(client.read().body, "one");
  client.send(post("two"));
  EXPECT_EQ(client.read().body, "two");
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  start();
  Client client(server->port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += post(std::to_string(i));
  client.send(all);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.read().body, std::to_string(i));
}

TEST_F(HttpServer, ReadsARequestThatComesByteByByte) {
  start();
  Client client(server->port());
  for (const char c : post("slow")) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.read().body, "slow");
}

TEST_F(HttpServer, TakesAPathAndItsQuery) {
  start();
  Client client(server->port());
  EXPECT_EQ(client.get("/path?a=%20b").body, "/path?a=%20b");
}

TEST_F(HttpServer, SendsALargeResponseWhole) {
  start();
  Client client(server->port());
  EXPECT_EQ(client.get("/big").body.size(), 5'000'000U);
}

TEST_F(HttpServer, AnswersFromAnotherThread) {
  start();
  Client client(server->port());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  echo.next_waiting().send({.status = 201, .content_type = "text/plain", .body = "late", .headers = {}});
  const auto reply = client.read();
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "late");
}

TEST_F(HttpServer, AnswersADroppedRequestWith500) {
  start();
  Client client(server->port());
  EXPECT_EQ(client.get("/drop").status, 500);
}

TEST_F(HttpServer, TooLargeABodyIs413BeforeItIsRead) {
  start();
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(client.read().status, 413);
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServer, A413IsReadableThoughTheBodyIsStillBeingSent) {
  start();
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n" + std::string(4'000'000, 'x'));
  EXPECT_EQ(client.read().status, 413);
}

TEST_F(HttpServer, ABodyOfJustTheLimitPasses) {
  start();
  Client client(server->port());
  client.send(post(std::string(1000, 'x')));
  EXPECT_EQ(client.read().body.size(), 1000U);
}

TEST_F(HttpServer, TooLargeAHeaderIs431) {
  start();
  Client client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(20'000, 'a') + "\r\n\r\n");
  EXPECT_EQ(client.read().status, 431);
}

TEST_F(HttpServer, TooManyHeadersAre431) {
  start();
  Client client(server->port());
  std::string text = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 300; ++i) text += fmt::format("X-{}: 1\r\n", i);
  client.send(text + "\r\n");
  EXPECT_EQ(client.read().status, 431);
}

TEST_F(HttpServer, TooLongAnAddressIs414) {
  start();
  for (const size_t size : {8'193UL, 30'000UL}) {
    Client client(server->port());
    client.send("GET /" + std::string(size, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.read().status, 414) << size;
  }
}

TEST_F(HttpServer, WhatIsNoHttpIs400) {
  start();
  for (const std::string_view text :
       {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    Client client(server->port());
    client.send(text);
    EXPECT_EQ(client.read().status, 400) << text;
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(HttpServer, AMissingHostIs400) {
  start();
  Client client(server->port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.read().status, 400);
}

TEST_F(HttpServer, ASlowBodyIs408) {
  start({.body_timeout = milliseconds(60)});
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(client.read().status, 408);
}

TEST_F(HttpServer, ASlowHeaderIs408) {
  start({.header_timeout = milliseconds(60)});
  Client client(server->port());
  client.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(client.read().status, 408);
}

TEST_F(HttpServer, AnIdleConnectionIsClosed) {
  start({.idle_timeout = milliseconds(60)});
  Client client(server->port());
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServer, AWaitingRequestIsNotTimedOut) {
  start({.header_timeout = milliseconds(40), .body_timeout = milliseconds(40), .idle_timeout = milliseconds(40)});
  Client client(server->port());
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  auto responder = echo.next_waiting();
  Client other(server->port());
  EXPECT_TRUE(other.at_end());  // the time-out has passed for an idle one
  responder.send({.status = 200, .content_type = "text/plain", .body = "ok", .headers = {}});
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(HttpServer, AClientThatResetsHarmsNobody) {
  start();
  Client rude(server->port());
  rude.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  auto responder = echo.next_waiting();
  rude.reset();
  responder.send({.status = 200, .content_type = "text/plain", .body = std::string(1'000'000, 'x'), .headers = {}});
  Client client(server->port());
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(HttpServer, AClientThatEndsInTheMiddleOfABodyIsForgotten) {
  start();
  {
    Client client(server->port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  }
  wait_for_connections(0);
}

TEST_F(HttpServer, AClientMayEndItsSideBeforeTheAnswer) {
  start();
  Client client(server->port());
  client.send(post("half"));
  client.finish_sending();
  EXPECT_EQ(client.read().body, "half");
}

TEST_F(HttpServer, Expect100ContinueIsToldBeforeTheBody) {
  start();
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_EQ(client.read().body, "body");
}

TEST_F(HttpServer, Expect100ContinueIsRefusedWhereTheBodyIsTooLarge) {
  start();
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4000\r\n\r\n");
  EXPECT_EQ(client.read().status, 413);
}

TEST_F(HttpServer, ReadsAChunkedBody) {
  start();
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n");
  client.send("5;ext=1\r\npedia\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(client.read().body, "Wikipedia");
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(HttpServer, AChunkedBodyBeyondTheLimitIs413) {
  start();
  Client client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i) client.send("64\r\n" + std::string(100, 'x') + "\r\n");
  EXPECT_EQ(client.read().status, 413);
}

TEST_F(HttpServer, HeadIsAnsweredWithoutABody) {
  start();
  Client client(server->port());
  client.send("HEAD /path HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto reply = client.read("HEAD");
  EXPECT_EQ(reply.header("Content-Length"), "5");
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(HttpServer, ANoContentAnswerHasNoLength) {
  start();
  Client client(server->port());
  const auto reply = client.get("/none");
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.header("Content-Length"), "");
}

TEST_F(HttpServer, ClosesWhenAskedTo) {
  start();
  for (const std::string_view text :
       {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    Client client(server->port());
    client.send(text);
    const auto reply = client.read();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Connection"), "close");
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(HttpServer, EchoesAGivenRequestIdAndMakesOneOtherwise) {
  start();
  Client client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n");
  EXPECT_EQ(client.read().header("X-Request-Id"), "mine");
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + std::string(129, 'a') + "\r\n\r\n");
  EXPECT_EQ(client.read().header("X-Request-Id").size(), 16U);
}

TEST_F(HttpServer, OneConnectionTooManyIs503) {
  start({.max_connections = 1});
  Client first(server->port());
  EXPECT_EQ(first.get("/").status, 200);
  Client second(server->port());
  EXPECT_EQ(second.read().status, 503);
  EXPECT_TRUE(second.at_end());
}

TEST_F(HttpServer, BodiesBeyondTheSharedMemoryAre503) {
  start({.max_body_bytes_in_flight = 1500});
  Client first(server->port());
  first.send("POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  auto responder = echo.next_waiting();
  Client second(server->port());
  second.send(post(std::string(900, 'x')));
  EXPECT_EQ(second.read().status, 503);
  responder.send({.status = 200, .content_type = "", .body = "", .headers = {}});
  EXPECT_EQ(first.read().status, 200);
  Client third(server->port());
  third.send(post(std::string(900, 'x')));
  EXPECT_EQ(third.read().status, 200);
}

TEST_F(HttpServer, StopLetsWhatIsUnderWayFinish) {
  start();
  Client busy(server->port());
  busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  auto responder = echo.next_waiting();
  Client idle(server->port());
  EXPECT_EQ(idle.get("/").status, 200);
  auto stopper = thread_executor("stopper");
  stopper->post([this] { server->stop(std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.at_end());
  responder.send({.status = 200, .content_type = "text/plain", .body = "finished", .headers = {}});
  const auto reply = busy.read();
  EXPECT_EQ(reply.body, "finished");
  EXPECT_EQ(reply.header("Connection"), "close");
}

TEST_F(HttpServer, StopCutsOffWhatTakesTooLong) {
  start();
  Client busy(server->port());
  busy.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  auto responder = echo.next_waiting();
  server->stop(milliseconds(20));
  EXPECT_TRUE(busy.at_end());
  responder.send({});  // goes nowhere
}

TEST_F(HttpServer, APortInUseIsToldAtStart) {
  start();
  Server second({.port = server->port()}, echo, clock, *random);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::unavailable);
}

TEST_F(HttpServer, RunsATaskAfterADelay) {
  start();
  std::mutex mutex;
  std::condition_variable ran;
  bool done = false;
  server->run_after(milliseconds(1), [&] {
    const std::scoped_lock lock(mutex);
    done = true;
    ran.notify_all();
  });
  std::unique_lock lock(mutex);
  EXPECT_TRUE(ran.wait_for(lock, std::chrono::seconds(10), [&] { return done; }));
}

}  // namespace
}  // namespace schedules::http
