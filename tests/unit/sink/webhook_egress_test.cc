// The egress rules as the sink keeps them when it sends, whatever passed at the door.
#include <cstdlib>
#include <future>
#include <semaphore>

#include "tests/unit/sink/webhook_fixture.h"

namespace schedules::testing {
namespace {

Addresses addresses(std::initializer_list<std::string_view> texts) {
  Addresses out;
  for (const auto text : texts) out.push_back(parse_address(text).value());
  return out;
}

TEST_F(WebhookTest, LoopbackIsRejectedUnlessAllowed) {
  WebhookSink sink(WebhookOptions{}, clock_);
  const auto report = publish_one(sink, receiver_.url());
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_FALSE(report.counts_against_target);
  EXPECT_NE(report.error.find("127.0.0.1 is not a public address"), std::string::npos) << report.error;
  EXPECT_EQ(receiver_.connections(), 0U);
}

TEST_F(WebhookTest, LocalhostIsLookedUpAndRejected) {
  WebhookSink sink(WebhookOptions{}, clock_);
  const auto report = publish_one(sink, receiver_.url("/", "localhost"));
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_FALSE(report.counts_against_target);
  EXPECT_NE(report.error.find("loopback"), std::string::npos) << report.error;
  EXPECT_EQ(receiver_.connections(), 0U);
}

TEST_F(WebhookTest, LocalhostIsReachedWhereAllowed) {
  WebhookSink sink(local_options(), clock_);
  EXPECT_EQ(publish_one(sink, receiver_.url("/", "LocalHost.")).verdict, Verdict::delivered);
  EXPECT_EQ(receiver_.requests().at(0).header("Host"), fmt::format("localhost:{}", receiver_.port()));
}

TEST_F(WebhookTest, MalformedTargetIsRejected) {
  WebhookSink sink(local_options(), clock_);
  const auto report = publish_one(sink, "http://user@127.0.0.1/");
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_FALSE(report.counts_against_target);
}

TEST_F(WebhookTest, ConnectsToTheAddressThatWasChecked) {
  auto options = local_options();
  std::atomic<int> asked = 0;
  options.resolve = [&](const std::string& host) -> Result<Addresses> {
    EXPECT_EQ(host, "hooks.example");
    ++asked;
    return addresses({"127.0.0.1"});
  };
  WebhookSink sink(options, clock_);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(publish_one(sink, receiver_.url("/", "hooks.example")).verdict, Verdict::delivered);
  }
  EXPECT_EQ(receiver_.requests().at(0).header("Host"), fmt::format("hooks.example:{}", receiver_.port()));
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(receiver_.connections(), 1U);
}

TEST_F(WebhookTest, NameWithOneInnerAddressIsRejected) {
  auto options = local_options();
  options.resolve = [](const std::string&) -> Result<Addresses> { return addresses({"127.0.0.1", "10.0.0.1"}); };
  WebhookSink sink(options, clock_);
  const auto report = publish_one(sink, receiver_.url("/", "rebinding.example"));
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_NE(report.error.find("10.0.0.1"), std::string::npos) << report.error;
  EXPECT_EQ(receiver_.connections(), 0U);
}

TEST_F(WebhookTest, UnknownNameIsRetried) {
  auto options = local_options();
  options.resolve = [](const std::string& host) -> Result<Addresses> {
    return fail(Code::not_found, "looking up {} failed", host);
  };
  WebhookSink sink(options, clock_);
  const auto report = publish_one(sink, "http://nowhere.example/");
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_TRUE(report.counts_against_target);
  EXPECT_NE(report.error.find("nowhere.example"), std::string::npos);
}

class StuckResolver {
 public:
  ResolveFunction function() {
    return [this](const std::string&) -> Result<Addresses> {
      entered_.release();
      let_go_.acquire();
      left_.release();
      return addresses({"127.0.0.1"});
    };
  }
  void wait_until_asked() { entered_.acquire(); }
  void let_go() { let_go_.release(); }
  void wait_until_left() { left_.acquire(); }

 private:
  std::counting_semaphore<> entered_{0};
  std::counting_semaphore<> let_go_{0};
  std::counting_semaphore<> left_{0};
};

TEST_F(WebhookTest, SlowLookUpTimesOut) {
  auto options = local_options();
  StuckResolver resolver;
  options.resolve = resolver.function();
  options.timeout = std::chrono::milliseconds(100);
  WebhookSink sink(options, clock_);
  const auto report = publish_one(sink, receiver_.url("/", "slow.example"));
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_NE(report.error.find("name took too long"), std::string::npos) << report.error;
  resolver.let_go();
  resolver.wait_until_left();
}

TEST_F(WebhookTest, StopDoesNotWaitForALookUp) {
  auto options = local_options();
  StuckResolver resolver;
  options.resolve = resolver.function();
  std::optional<Verdict> verdict;
  {
    WebhookSink sink(options, clock_);
    sink.publish({delivery_to(TargetKind::webhook, receiver_.url("/", "slow.example"))},
                 [&](Reports r) { verdict = r.at(0).verdict; });
    resolver.wait_until_asked();
    sink.stop(std::chrono::milliseconds(0));
  }
  EXPECT_EQ(verdict, Verdict::retry);
  resolver.let_go();
  resolver.wait_until_left();
}

TEST_F(WebhookTest, ProxyVariablesDoNotApply) {
  HttpReceiver proxy;
  for (const auto* name : {"http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"}) {
    setenv(name, proxy.url().c_str(), 1);
  }
  WebhookSink sink(local_options(), clock_);
  EXPECT_EQ(publish_one(sink, receiver_.url()).verdict, Verdict::delivered);
  EXPECT_EQ(proxy.connections(), 0U);
  for (const auto* name : {"http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"}) unsetenv(name);
}

}  // namespace
}  // namespace schedules::testing
