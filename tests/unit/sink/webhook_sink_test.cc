#include "tests/unit/sink/webhook_fixture.h"

#include <future>

#include "model/envelope.h"
#include "sink/webhook/request.h"

namespace schedules::testing {
namespace {

using std::chrono::milliseconds;

TEST_F(WebhookTest, DeliversAPostOfTheMessage) {
  WebhookSink sink(local_options(), clock_);
  const auto report = publish_one(sink, receiver_.url("/hooks/1?a=b"));
  EXPECT_EQ(report.verdict, Verdict::delivered);
  EXPECT_EQ(report.position, "HTTP 200");
  const auto requests = receiver_.requests();
  ASSERT_EQ(requests.size(), 1U);
  const auto sent = delivery_to(TargetKind::webhook);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/hooks/1?a=b");
  EXPECT_EQ(requests[0].body, fired_message(sent.event, sent.fired_at));
  EXPECT_EQ(requests[0].header("Content-Type"), "application/json");
  EXPECT_EQ(requests[0].header("X-Schedules-Event-Id"), sent.event.id.text());
  EXPECT_EQ(requests[0].header("Host"), fmt::format("127.0.0.1:{}", receiver_.port()));
  EXPECT_EQ(requests[0].header("User-Agent"), "stufio-schedules");
  EXPECT_EQ(requests[0].count("X-Schedules-Signature"), 0U);
  EXPECT_EQ(requests[0].count("Expect"), 0U);
}

TEST_F(WebhookTest, SignsWhatItSends) {
  auto options = local_options();
  options.secret = "whsec";
  WebhookSink sink(options, clock_);
  publish_one(sink, receiver_.url());
  const auto request = receiver_.requests().at(0);
  const auto signature = request.header("X-Schedules-Signature");
  ASSERT_TRUE(signature.starts_with("t="));
  const auto seconds = std::stoll(signature.substr(2));
  EXPECT_LE(std::abs(seconds - to_micros(clock_.wall()) / 1'000'000), 60);
  EXPECT_EQ(signature, webhook_signature("whsec", from_micros(seconds * 1'000'000), request.body));
}

TEST_F(WebhookTest, EmptyAndForeignHeadersArriveAsTheyAre) {
  WebhookSink sink(local_options(), clock_);
  std::vector<Delivery> one{delivery_to(TargetKind::webhook, receiver_.url())};
  one[0].event.headers = {{"X-Empty", ""}, {"Authorization", "Bearer x"}, {"Accept-Language", "de"}};
  EXPECT_EQ(publish(sink, std::move(one)).at(0).verdict, Verdict::delivered);
  const auto request = receiver_.requests().at(0);
  EXPECT_EQ(request.count("X-Empty"), 1U);
  EXPECT_EQ(request.header("Authorization"), "Bearer x");
  EXPECT_EQ(request.header("Accept-Language"), "de");
}

TEST_F(WebhookTest, InjectedHeaderIsRejectedUnsent) {
  WebhookSink sink(local_options(), clock_);
  std::vector<Delivery> one{delivery_to(TargetKind::webhook, receiver_.url())};
  one[0].event.headers = {{"X-A", "1\r\nX-B: 2"}};
  const auto report = publish(sink, std::move(one)).at(0);
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_FALSE(report.counts_against_target);
  EXPECT_EQ(receiver_.arrived(), 0U);
}

TEST_F(WebhookTest, KeepsConnectionsForReuse) {
  WebhookSink sink(local_options(), clock_);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(publish_one(sink, receiver_.url()).verdict, Verdict::delivered);
  EXPECT_EQ(receiver_.arrived(), 20U);
  EXPECT_EQ(receiver_.connections(), 1U);
}

TEST_F(WebhookTest, KeepsConnectionsBesideManySlowOnes) {
  WebhookSink sink(local_options(), clock_);
  HttpReceiver slow;
  slow.otherwise({.fault = HttpFault::hold});
  constexpr size_t kSlow = 300;  // more than are kept idle
  for (size_t i = 0; i < kSlow; ++i) {
    sink.publish({delivery_to(TargetKind::webhook, slow.url())}, [](const Reports&) {});
  }
  ASSERT_TRUE(slow.wait_for(kSlow));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(publish_one(sink, receiver_.url()).verdict, Verdict::delivered);
  EXPECT_EQ(receiver_.connections(), 1U);
}

TEST_F(WebhookTest, ConnectionClosedByTheReceiverIsOpenedAnew) {
  WebhookSink sink(local_options(), clock_);
  receiver_.script({.close = true});
  EXPECT_EQ(publish_one(sink, receiver_.url()).verdict, Verdict::delivered);
  EXPECT_EQ(publish_one(sink, receiver_.url()).verdict, Verdict::delivered);
  EXPECT_EQ(receiver_.connections(), 2U);
}

TEST_F(WebhookTest, BatchReportsInItsOrder) {
  WebhookSink sink(local_options(), clock_);
  std::vector<Delivery> three;
  three.push_back(delivery_to(TargetKind::webhook, receiver_.url()));
  three.push_back(delivery_to(TargetKind::webhook, "http://10.0.0.1/"));
  three.push_back(delivery_to(TargetKind::webhook, receiver_.url()));
  const auto reports = publish(sink, std::move(three));
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports[0].verdict, Verdict::delivered);
  EXPECT_EQ(reports[1].verdict, Verdict::rejected);
  EXPECT_EQ(reports[2].verdict, Verdict::delivered);
  EXPECT_TRUE(publish(sink, {}).empty());
}

TEST_F(WebhookTest, LaneIsTheOrigin) {
  const WebhookSink sink(local_options(), clock_);
  EXPECT_EQ(sink.lane_of(delivery_to(TargetKind::webhook, "https://Example.com/a").event), "https://example.com:443");
  EXPECT_EQ(sink.lane_of(delivery_to(TargetKind::webhook, "nonsense").event), "invalid");
}

TEST_F(WebhookTest, RedirectsAreNotFollowed) {
  HttpReceiver elsewhere;
  const auto report = answered({.status = 307, .headers = {{"Location", elsewhere.url()}}});
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_NE(report.error.find("redirects are not followed"), std::string::npos);
  EXPECT_EQ(elsewhere.connections(), 0U);
  EXPECT_EQ(receiver_.arrived(), 1U);
}

TEST_F(WebhookTest, ErrorTellsTheAnswersStart) {
  const auto report = answered({.status = 422, .body = "no such\norder" + std::string(5000, '!')});
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_TRUE(report.error.starts_with("HTTP 422: no such order!!!")) << report.error;
  EXPECT_LE(report.error.size(), 540U);
}

TEST_F(WebhookTest, RetryAfterInSeconds) {
  const auto report = answered({.status = 429, .headers = {{"rEtRy-AfTeR", "17"}}});
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_EQ(report.retry_after, std::chrono::seconds(17));
}

TEST_F(WebhookTest, RetryAfterAsADate) {
  const auto report = answered({.status = 503, .headers = {{"Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT"}}});
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_EQ(report.retry_after, std::chrono::hours(1));
}

TEST_F(WebhookTest, AnswerCutMidBodyIsRetried) {
  const auto report = answered({.body = std::string(1000, 'x'), .fault = HttpFault::close_mid_body});
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_TRUE(report.counts_against_target);
}

TEST_F(WebhookTest, NoAnswerIsRetried) {
  EXPECT_EQ(answered({.fault = HttpFault::close_unanswered}).verdict, Verdict::retry);
  EXPECT_EQ(answered({.fault = HttpFault::not_http}).verdict, Verdict::retry);
}

TEST_F(WebhookTest, RefusedConnectionIsRetried) {
  std::string url;
  {
    const HttpReceiver gone;
    url = gone.url();
  }
  WebhookSink sink(local_options(), clock_);
  const auto report = publish_one(sink, url);
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_TRUE(report.counts_against_target);
  EXPECT_NE(report.error.find("http://127.0.0.1:"), std::string::npos) << report.error;
}

TEST_F(WebhookTest, HugeAnswerCountsByItsStatus) {
  EXPECT_EQ(answered({.fault = HttpFault::endless_body}).verdict, Verdict::delivered);
  EXPECT_EQ(answered({.status = 500, .fault = HttpFault::endless_body}).verdict, Verdict::retry);
  EXPECT_EQ(answered({.body = std::string(65'536, 'x')}).verdict, Verdict::delivered);
}

TEST_F(WebhookTest, EndlessHeadersAreCut) {
  const auto report = answered({.fault = HttpFault::endless_headers});
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_NE(report.error.find("headers"), std::string::npos) << report.error;
}

TEST_F(WebhookTest, SlowAnswersTimeOut) {
  auto options = local_options();
  options.timeout = milliseconds(150);
  WebhookSink sink(options, clock_);
  receiver_.script({.fault = HttpFault::hold});
  receiver_.script({.body = std::string(1000, 'x'), .fault = HttpFault::hold_mid_body});
  for (int i = 0; i < 2; ++i) {
    const auto report = publish_one(sink, receiver_.url());
    EXPECT_EQ(report.verdict, Verdict::retry);
    EXPECT_EQ(report.error, "no whole answer within 150 ms");
  }
}

TEST_F(WebhookTest, LargeBodyArrivesWhole) {
  WebhookSink sink(local_options(), clock_);
  std::vector<Delivery> one{delivery_to(TargetKind::webhook, receiver_.url())};
  one[0].event.body = R"({"x":")" + std::string(1024 * 1024 - 10, 'y') + R"("})";
  const auto expected = fired_message(one[0].event, one[0].fired_at);
  EXPECT_EQ(publish(sink, std::move(one)).at(0).verdict, Verdict::delivered);
  EXPECT_EQ(receiver_.requests().at(0).body, expected);
}

TEST_F(WebhookTest, ManyAtOnceAllArrive) {
  WebhookSink sink(local_options(), clock_);
  std::mutex mutex;
  std::condition_variable changed;
  size_t delivered = 0;
  for (int i = 0; i < 500; ++i) {
    std::vector<Delivery> one{delivery_to(TargetKind::webhook, receiver_.url())};
    sink.publish(std::move(one), [&](Reports reports) {
      const std::scoped_lock lock(mutex);
      delivered += reports.at(0).verdict == Verdict::delivered ? 1 : 0;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return delivered == 500; }));
  EXPECT_EQ(receiver_.arrived(), 500U);
}

TEST_F(WebhookTest, TooManyUnderWayComeBackAsRetries) {
  auto options = local_options();
  options.max_under_way = 1;
  WebhookSink sink(options, clock_);
  receiver_.script({.fault = HttpFault::hold});
  std::promise<Reports> first;
  sink.publish({delivery_to(TargetKind::webhook, receiver_.url())},
               [&](Reports reports) { first.set_value(std::move(reports)); });
  const auto refused = publish_one(sink, receiver_.url());
  EXPECT_EQ(refused.verdict, Verdict::retry);
  EXPECT_FALSE(refused.counts_against_target);
  EXPECT_TRUE(refused.retry_after.has_value());
  receiver_.release();
  EXPECT_EQ(first.get_future().get().at(0).verdict, Verdict::delivered);
}

TEST_F(WebhookTest, StopWaitsForWhatIsUnderWay) {
  WebhookSink sink(local_options(), clock_);
  receiver_.script({.fault = HttpFault::hold});
  std::optional<Verdict> verdict;
  sink.publish({delivery_to(TargetKind::webhook, receiver_.url())}, [&](Reports r) { verdict = r.at(0).verdict; });
  ASSERT_TRUE(receiver_.wait_for(1));
  receiver_.release();
  sink.stop(std::chrono::seconds(20));
  EXPECT_EQ(verdict, Verdict::delivered);
}

TEST_F(WebhookTest, StopGivesUpAfterItsGrace) {
  WebhookSink sink(local_options(), clock_);
  receiver_.script({.fault = HttpFault::hold});
  std::optional<DeliveryReport> report;
  sink.publish({delivery_to(TargetKind::webhook, receiver_.url())}, [&](Reports r) { report = r.at(0); });
  ASSERT_TRUE(receiver_.wait_for(1));
  sink.stop(milliseconds(1));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->verdict, Verdict::retry);
  EXPECT_FALSE(report->counts_against_target);
  EXPECT_EQ(publish_one(sink, receiver_.url()).verdict, Verdict::retry);
}

}  // namespace
}  // namespace schedules::testing
