#include "alerting/message.h"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "tests/unit/alerting/instants.h"

namespace schedules {
namespace {

Alert failed(std::string name = "nightly") {
  return {.schedule_id = "65f0c0ffee0123456789abcd",
          .schedule_name = std::move(name),
          .kind = AlertKind::failure,
          .since = at(0),
          .opened_at = at(1),
          .error = "HTTP 500\nmore",
          .failures = 1,
          .news = AlertNews::opened};
}

boost::json::object parsed(const std::string& text) { return boost::json::parse(text).as_object(); }

TEST(AlertMessage, TextsSayWhatIsWrong) {
  auto alert = failed();
  EXPECT_EQ(alert_text(alert), "Schedule \"nightly\" failed at 2026-01-01T00:00:00.000000Z: HTTP 500");
  alert.failures = 3;
  alert.news = AlertNews::reminder;
  EXPECT_EQ(alert_text(alert),
            "Still: Schedule \"nightly\" failed 3 times in a row since 2026-01-01T00:00:00.000000Z: HTTP 500");
  alert.kind = AlertKind::silence;
  EXPECT_TRUE(
      alert_text(alert).starts_with("Still: Schedule \"nightly\" is silent: it was due at 2026-01-01T00:00:00"));
  alert.recovered_at = at(9);
  alert.reason = "success";
  EXPECT_TRUE(alert_text(alert).starts_with("Schedule \"nightly\" is well again (silence since 2026"));
  alert.reason = "paused";
  EXPECT_TRUE(alert_text(alert).starts_with("Schedule \"nightly\" is no longer in alarm: paused"));
}

TEST(AlertMessage, HoldsWhatProgramsAndChatToolsNeed) {
  const auto message = parsed(alert_message({{failed(), at(60)}}, "https://s.example.com", at(2)));
  EXPECT_EQ(message.at("status"), "firing");
  EXPECT_TRUE(message.at("text").as_string().ends_with("https://s.example.com/#/schedules/65f0c0ffee0123456789abcd"));
  const auto& one = message.at("alerts").as_array().at(0).as_object();
  EXPECT_EQ(one.at("status"), "opened");
  EXPECT_EQ(one.at("kind"), "failure");
  EXPECT_EQ(one.at("schedule_name"), "nightly");
  EXPECT_EQ(one.at("last_error"), "HTTP 500");
  EXPECT_EQ(one.at("next_execution"), "2026-01-01T00:01:00.000000Z");
  EXPECT_TRUE(one.at("recovered_at").is_null());
  EXPECT_FALSE(one.contains("url"));
}

TEST(AlertMessage, IsResolvedWhereAllAre) {
  auto over = failed("over");
  over.recovered_at = at(5);
  over.reason = "success";
  over.news = AlertNews::recovered;
  EXPECT_EQ(parsed(alert_message({{over, {}}}, "", at(6))).at("status"), "resolved");
  const auto both = parsed(alert_message({{over, {}}, {failed("open"), {}}}, "", at(6)));
  EXPECT_EQ(both.at("status"), "firing");
  EXPECT_TRUE(both.at("alerts").as_array().at(0).at("link").is_null());
}

TEST(AlertMessage, TheTextOfManyIsShort) {
  std::vector<AlertNewsItem> many(30, {failed(), {}});
  const auto message = parsed(alert_message(many, "", at(6)));
  EXPECT_EQ(message.at("alerts").as_array().size(), 30U);
  EXPECT_TRUE(message.at("text").as_string().ends_with("\nand 20 more"));
}

}  // namespace
}  // namespace schedules
