#include "sink/webhook/request.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "model/envelope.h"
#include "sink/webhook/verdict.h"
#include "tests/unit/sink/delivery.h"

namespace schedules {
namespace {

using testing::delivery_to;
using testing::test_time;

Delivery example() { return delivery_to(TargetKind::webhook, "http://example.com/"); }

std::string header_of(const WebhookRequest& request, std::string_view name) {
  std::string found;
  for (const auto& line : request.headers) {
    if (!line.starts_with(fmt::format("{}: ", name))) continue;
    EXPECT_TRUE(found.empty()) << name << " is there twice";
    found = line.substr(name.size() + 2);
  }
  return found;
}

TEST(WebhookRequest, BodyIsTheFiredMessage) {
  const auto delivery = example();
  EXPECT_EQ(webhook_request(delivery)->body, fired_message(delivery.event, delivery.fired_at));
}

TEST(WebhookRequest, HeadersSayWhatAConsumerNeeds) {
  auto delivery = example();
  delivery.event.schedule_id = "665f1c2ab3d4e5f60718293a";
  delivery.event.nominal_at = test_time() - std::chrono::seconds(3);
  delivery.event.attempt = 2;
  delivery.event.correlation_id = "order 42";
  delivery.event.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto request = webhook_request(delivery).value();
  EXPECT_EQ(header_of(request, "Content-Type"), "application/json");
  EXPECT_EQ(header_of(request, "X-Schedules-Event-Id"), delivery.event.id.text());
  EXPECT_EQ(header_of(request, "X-Schedules-Attempt"), "3");
  EXPECT_EQ(header_of(request, "X-Schedules-Due-Time"), "2026-01-05T08:00:00.012345Z");
  EXPECT_EQ(header_of(request, "X-Schedules-Fired-Time"), "2026-01-05T08:00:00.019345Z");
  EXPECT_EQ(header_of(request, "X-Schedules-Scheduled-At"), "2026-01-05T07:59:57.012345Z");
  EXPECT_EQ(header_of(request, "X-Schedules-Schedule-Id"), "665f1c2ab3d4e5f60718293a");
  EXPECT_EQ(header_of(request, "X-Schedules-Correlation-Id"), derived_id("order 42").text());
  EXPECT_EQ(header_of(request, "X-Schedules-Original-Correlation-Id"), "order 42");
  EXPECT_EQ(header_of(request, "X-Schedules-Topic"), "orders.created");
  EXPECT_EQ(header_of(request, "X-Schedules-Action"), "ship");
  EXPECT_EQ(header_of(request, "X-Schedules-Entity-Type"), "order");
  EXPECT_EQ(header_of(request, "traceparent"), delivery.event.traceparent);
}

TEST(WebhookRequest, OwnHeadersAreSent) {
  auto delivery = example();
  delivery.event.headers = {{"Authorization", "Bearer abc"}, {"X-Note", "grün"}, {"X-Empty", ""}};
  const auto request = webhook_request(delivery).value();
  EXPECT_EQ(header_of(request, "Authorization"), "Bearer abc");
  EXPECT_EQ(header_of(request, "X-Note"), "grün");
  EXPECT_NE(std::ranges::find(request.headers, "X-Empty;"), request.headers.end());
}

TEST(WebhookRequest, OwnHeadersNeverReplaceOurs) {
  auto delivery = example();
  delivery.event.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  for (const auto* name :
       {"x-schedules-event-id", "X-SCHEDULES-SIGNATURE", "X-Schedules-Schedule-Id", "X-Schedules-Anything",
        "Content-Type", "content-length", "Transfer-Encoding", "Host", "Connection", "Expect", "User-Agent",
        "TraceParent", "Upgrade", "Proxy-Authorization", "event_id", "schedule_id", "action"}) {
    delivery.event.headers.emplace_back(name, "forged");
  }
  const auto request = webhook_request(delivery).value();
  for (const auto& line : request.headers) EXPECT_EQ(line.find("forged"), std::string::npos) << line;
  EXPECT_EQ(header_of(request, "X-Schedules-Event-Id"), delivery.event.id.text());
}

TEST(WebhookRequest, OwnHeaderThatRepeatsOursExactlyTakesNothingAway) {
  auto delivery = example();
  delivery.event.correlation_id = "order 42";
  delivery.event.headers = {{"action", "ship"}, {"X-Last", "1"}};
  const auto request = webhook_request(delivery).value();
  EXPECT_EQ(header_of(request, "X-Schedules-Original-Correlation-Id"), "order 42");
  EXPECT_EQ(header_of(request, "X-Schedules-Action"), "ship");
  EXPECT_EQ(header_of(request, "X-Last"), "1");
}

TEST(WebhookRequest, InjectedHeadersAreRefused) {
  const Headers bad{{"X-A", "1\r\nX-B: 2"},
                    {"X-A", "1\n2"},
                    {"X-A", std::string("a\0b", 3)},
                    {"X-A\r\nX-B", "1"},
                    {"X A", "1"},
                    {"X-A:", "1"},
                    {"", "1"},
                    {"Xé", "1"}};
  for (const auto& header : bad) {
    auto delivery = example();
    delivery.event.headers = {header};
    const auto request = webhook_request(delivery);
    ASSERT_FALSE(request) << header.first;
    EXPECT_EQ(request.error().code, Code::invalid_argument);
  }
}

TEST(WebhookRequest, InjectionThroughOurOwnFieldsIsRefused) {
  auto delivery = example();
  delivery.event.topic = "a\r\nX-B: 2";
  EXPECT_FALSE(webhook_request(delivery));
  delivery = example();
  delivery.event.correlation_id = "a\nb";
  EXPECT_FALSE(webhook_request(delivery));
}

/// HMAC as RFC 2104 spells it, so that the check shares no code with what it checks.
std::string independent_hmac(std::string key, const std::string& text) {
  const auto sha256 = [](const std::string& in) {
    std::string out(32, '\0');
    unsigned size = 0;
    EVP_Digest(in.data(), in.size(), reinterpret_cast<unsigned char*>(out.data()), &size, EVP_sha256(), nullptr);
    return out;
  };
  if (key.size() > 64) key = sha256(key);
  key.resize(64, '\0');
  std::string inner = key;
  std::string outer = key;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5C);
  std::string hex;
  for (const char c : sha256(outer + sha256(inner + text))) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

TEST(WebhookSignature, IsHmacSha256OfTimeAndBody) {
  for (const auto& secret : {std::string("s"), std::string("a usual secret"), std::string(100, 'k')}) {
    const auto expected = "t=1767600000,v1=" + independent_hmac(secret, "1767600000.{\"a\":1}");
    EXPECT_EQ(webhook_signature(secret, test_time(), R"({"a":1})"), expected);
  }
}

TEST(WebhookVerdict, FollowsTheTable) {
  const std::vector<std::pair<long, Verdict>> table{
      {200, Verdict::delivered}, {201, Verdict::delivered}, {202, Verdict::delivered}, {204, Verdict::delivered},
      {299, Verdict::delivered}, {301, Verdict::rejected},  {302, Verdict::rejected},  {304, Verdict::rejected},
      {307, Verdict::rejected},  {308, Verdict::rejected},  {400, Verdict::rejected},  {401, Verdict::rejected},
      {403, Verdict::rejected},  {404, Verdict::rejected},  {408, Verdict::retry},     {409, Verdict::retry},
      {410, Verdict::rejected},  {413, Verdict::rejected},  {422, Verdict::rejected},  {425, Verdict::retry},
      {429, Verdict::retry},     {451, Verdict::rejected},  {500, Verdict::retry},     {502, Verdict::retry},
      {503, Verdict::retry},     {504, Verdict::retry},     {599, Verdict::retry},     {101, Verdict::rejected}};
  for (const auto& [status, verdict] : table) {
    const auto report = report_of({.status = status}, test_time());
    EXPECT_EQ(report.verdict, verdict) << status;
    EXPECT_EQ(report.position, fmt::format("HTTP {}", status));
    EXPECT_EQ(report.counts_against_target, verdict != Verdict::rejected) << status;
    EXPECT_EQ(report.error.empty(), verdict == Verdict::delivered) << status;
  }
}

TEST(WebhookVerdict, RetryAfterIsHonouredOnRetriesOnly) {
  using std::chrono::seconds;
  EXPECT_EQ(report_of({.status = 503, .retry_after = "7"}, test_time()).retry_after, seconds(7));
  EXPECT_EQ(report_of({.status = 429, .retry_after = "soon"}, test_time()).retry_after, std::nullopt);
  EXPECT_EQ(report_of({.status = 404, .retry_after = "7"}, test_time()).retry_after, std::nullopt);
}

TEST(RetryAfter, IsReadInBothForms) {
  using std::chrono::milliseconds;
  const auto now = from_micros(1'767'600'000'000'000);  // Mon, 05 Jan 2026 08:00:00 GMT
  const auto ms = [&](std::string_view text) { return parse_retry_after(text, now); };
  EXPECT_EQ(ms("120"), milliseconds(120'000));
  EXPECT_EQ(ms(" 0 "), milliseconds(0));
  EXPECT_EQ(ms("Mon, 05 Jan 2026 08:00:30 GMT"), milliseconds(30'000));
  EXPECT_EQ(ms("Monday, 05-Jan-26 08:00:30 GMT"), milliseconds(30'000));
  EXPECT_EQ(ms("Mon Jan  5 08:00:30 2026"), milliseconds(30'000));
  EXPECT_EQ(ms("Mon, 05 Jan 2026 07:00:00 GMT"), milliseconds(0));
  EXPECT_EQ(ms("86400"), milliseconds(3'600'000));
  EXPECT_EQ(ms("99999999999999999999"), milliseconds(3'600'000));
  EXPECT_EQ(ms("Tue, 06 Jan 2026 08:00:00 GMT"), milliseconds(3'600'000));
  for (const auto* text : {"", " ", "-5", "1.5", "5 minutes", "tomorrow", "Mon, 99 Foo 2026"}) {
    EXPECT_EQ(ms(text), std::nullopt) << text;
  }
}

TEST(WebhookVerdict, ExcerptIsShortReadableText) {
  EXPECT_EQ(readable_excerpt("no\r\n\x1B[31msuch\x7F thing\n"), "no   [31msuch  thing");
  EXPECT_EQ(readable_excerpt(std::string(5000, 'a')).size(), kMaxExcerptBytes);
  EXPECT_EQ(readable_excerpt("gr\xC3\xBCn"), "gr\xC3\xBCn");
  EXPECT_EQ(readable_excerpt("\xFF\xFE binary"), "?? binary");
  std::string long_text(511, 'a');
  long_text += "\xC3\xBC\xC3\xBC";
  EXPECT_EQ(readable_excerpt(long_text), std::string(511, 'a'));
}

}  // namespace
}  // namespace schedules
