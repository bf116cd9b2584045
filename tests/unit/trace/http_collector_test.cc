#include "trace/http_collector.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/http_receiver.h"

namespace schedules::trace {
namespace {

using schedules::testing::HttpAnswer;
using schedules::testing::HttpFault;
using schedules::testing::HttpReceiver;

class HttpCollectorTest : public ::testing::Test {
 protected:
  std::unique_ptr<Collector> open(std::string headers = "") {
    return open_http_collector({.endpoint = receiver.url(""), .headers = std::move(headers)}).value();
  }
  HttpReceiver receiver;
};

TEST(TracesUrl, EndsAsTheSpecificationSays) {
  EXPECT_EQ(traces_url("http://c:4318"), "http://c:4318/v1/traces");
  EXPECT_EQ(traces_url("http://c:4318/"), "http://c:4318/v1/traces");
  EXPECT_EQ(traces_url("https://c/otlp"), "https://c/otlp/v1/traces");
  EXPECT_EQ(traces_url("https://c/otlp/v1/traces"), "https://c/otlp/v1/traces");
}

TEST_F(HttpCollectorTest, PostsJsonOverOneConnection) {
  const auto collector = open("x-key=a=b,x-team=late night");
  EXPECT_EQ(collector->post("{\"a\":1}").status, 200);
  EXPECT_EQ(collector->post("{}").status, 200);
  const auto requests = receiver.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/v1/traces");
  EXPECT_EQ(requests[0].header("Content-Type"), "application/json");
  EXPECT_EQ(requests[0].header("x-key"), "a=b");
  EXPECT_EQ(requests[0].header("x-team"), "late night");
  EXPECT_EQ(requests[0].body, "{\"a\":1}");
  EXPECT_EQ(requests[1].connection, requests[0].connection);
}

TEST_F(HttpCollectorTest, TellsTheAnswer) {
  const auto collector = open();
  receiver.script({.status = 503, .headers = {{"Retry-After", "7"}}});
  const auto away = collector->post("{}");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.retry_after, std::chrono::seconds(7));
  receiver.script({.status = 200, .body = R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})"});
  EXPECT_EQ(collector->post("{}").rejected, 3U);
  for (const char* nothing : {"", "{}", "[]", "{", R"({"partialSuccess":{}})", R"({"partialSuccess":7})"}) {
    receiver.script({.status = 200, .body = nothing});
    EXPECT_EQ(collector->post("{}").rejected, 0U) << nothing;
  }
}

TEST_F(HttpCollectorTest, WithoutAnAnswerItSaysWhy) {
  const auto collector = open();
  receiver.script({.fault = HttpFault::close_unanswered});
  const auto none = collector->post("{}");
  EXPECT_EQ(none.status, 0);
  EXPECT_FALSE(none.error.empty());
}

TEST_F(HttpCollectorTest, StoppedItWaitsForNoAnswer) {
  const auto collector = open();
  receiver.otherwise({.fault = HttpFault::hold});
  std::thread stopping([&] {
    receiver.wait_for(1);
    collector->stop();
  });
  const auto held = collector->post("{}");
  stopping.join();
  for (const auto& receipt : {held, collector->post("{}")}) {
    EXPECT_EQ(receipt.status, 0);
    EXPECT_NE(receipt.error.find("aborted"), std::string::npos) << receipt.error;
  }
}

}  // namespace
}  // namespace schedules::trace
