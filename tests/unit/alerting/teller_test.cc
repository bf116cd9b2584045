#include "alerting/teller.h"

#include <gtest/gtest.h>

#include "tests/unit/alerting/fakes.h"

namespace schedules::testing {
namespace {

using std::chrono::seconds;

struct Receiver final : AlertSender {
  std::vector<std::pair<std::string, std::string>> sent;  ///< url, body
  std::optional<Error> failure;
  std::function<void()> meanwhile;

  void send(std::string url, std::string body, Done<void> done) override {
    sent.emplace_back(std::move(url), std::move(body));
    if (meanwhile) meanwhile();
    if (failure) return done(fail(*failure));
    done({});
  }
};

struct TellerTest : ::testing::Test {
  AlertWorld world;
  Receiver receiver;
  Teller teller = another();

  Teller another() {
    return Teller({.alerts = world, .schedules = world, .sender = receiver, .clock = world.clock}, {});
  }
  Alert& waits(const std::string& id, const std::string& url = "https://a.example.com/1") {
    auto& alert = world.stored[{id, AlertKind::failure}];
    alert = {.schedule_id = id, .schedule_name = id, .url = url, .news = AlertNews::opened, .version = 1};
    alert.next_try_at = world.clock.wall();
    return alert;
  }
  Teller::Told tell() { return teller.tell().value(); }
  static Error away() { return Error{.code = Code::publish_failed, .detail = "HTTP 503"}; }
};

TEST_F(TellerTest, WhatIsToldIsToldOnce) {
  const auto& alert = waits("a");
  EXPECT_EQ(tell().delivered, 1U);
  EXPECT_EQ(alert.news, AlertNews::none);
  EXPECT_EQ(alert.told_at, world.clock.wall());
  EXPECT_EQ(tell().delivered, 0U);
  EXPECT_EQ(receiver.sent.size(), 1U);
}

TEST_F(TellerTest, AlertsOfOneAddressGoTogether) {
  waits("a");
  waits("b");
  waits("c", "https://b.example.com/");
  EXPECT_EQ(tell().delivered, 2U);
  ASSERT_EQ(receiver.sent.size(), 2U);
  EXPECT_NE(receiver.sent[0].second.find("\"a\""), std::string::npos);
  EXPECT_NE(receiver.sent[0].second.find("\"b\""), std::string::npos);
}

TEST_F(TellerTest, MoreThanOneMessageHoldsGoWithTheNext) {
  for (size_t i = 0; i < Teller::kMostTogether + 3; ++i) waits(std::to_string(i));
  const auto first = tell();
  EXPECT_EQ(first.delivered, 1U);
  EXPECT_EQ(first.next_at, world.clock.wall());
  EXPECT_EQ(tell().delivered, 1U);
  EXPECT_FALSE(tell().next_at);
}

TEST_F(TellerTest, WhatFailsIsTriedAgainAfterAPause) {
  const auto& alert = waits("a");
  receiver.failure = away();
  const auto told = tell();
  EXPECT_EQ(told.retried, 1U);
  EXPECT_EQ(told.next_at, world.clock.wall() + seconds(5));
  EXPECT_EQ(alert.tell_error, "HTTP 503");
  EXPECT_EQ(tell().retried, 0U) << "too early";
  world.clock.advance(seconds(5));
  receiver.failure.reset();
  EXPECT_EQ(tell().delivered, 1U);
  EXPECT_EQ(alert.attempts, 2U);
  EXPECT_EQ(alert.tell_error, "");
}

TEST_F(TellerTest, PausesGrowToHalfAnHour) {
  EXPECT_EQ(Teller::pause_after(1), seconds(5));
  EXPECT_EQ(Teller::pause_after(2), seconds(10));
  EXPECT_EQ(Teller::pause_after(5), seconds(80));
  EXPECT_EQ(Teller::pause_after(19), seconds(1'800));
}

TEST_F(TellerTest, AfterTheLastAttemptItIsGivenUp) {
  auto& alert = waits("a");
  alert.attempts = Teller::kMostAttempts - 1;
  receiver.failure = away();
  EXPECT_EQ(tell().failed, 1U);
  EXPECT_EQ(alert.news, AlertNews::none);
  EXPECT_EQ(alert.tell_error, "HTTP 503");
}

TEST_F(TellerTest, WhatIsRejectedIsGivenUpAtOnce) {
  waits("a");
  receiver.failure = Error{.code = Code::bad_request, .detail = "HTTP 404"};
  EXPECT_EQ(tell().failed, 1U);
  EXPECT_EQ(tell().failed, 0U);
}

TEST_F(TellerTest, OfTwoNodesOneSends) {
  waits("a");
  auto other = another();
  receiver.meanwhile = [&] {
    receiver.meanwhile = nullptr;
    EXPECT_EQ(other.tell()->delivered, 0U);
  };
  EXPECT_EQ(tell().delivered, 1U);
  EXPECT_EQ(receiver.sent.size(), 1U);
}

TEST_F(TellerTest, WhatChangesWhileItIsToldKeepsItsNews) {
  auto& alert = waits("a");
  receiver.meanwhile = [&] {
    alert.news = AlertNews::recovered;
    ++alert.version;
  };
  tell();
  EXPECT_EQ(alert.news, AlertNews::recovered);
}

}  // namespace
}  // namespace schedules::testing
