#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

struct ReadEvents : ::testing::Test {
  Fixture fixture;
  EventId put(std::string topic, State state = State::pending) {
    Event event;
    event.id = random_id(*fixture.random);
    event.topic = std::move(topic);
    event.entity_type = "order";
    event.entity_id = "42";
    event.due_at = fixture.clock.now;
    fixture.events.stored[event.id] = StoredEvent{.event = event, .state = state};
    return event.id;
  }
  [[nodiscard]] static std::string member(const http::Response& response, std::string_view key) {
    json::Document document;
    EXPECT_TRUE(document.read(response.body)) << response.body;
    const auto* value = document.find(key);
    return value == nullptr ? "(none)" : std::string(value->text);
  }
  [[nodiscard]] static size_t count(const http::Response& response) {
    json::Document items;
    EXPECT_TRUE(items.read(member(response, "items")));
    return items.members().size();
  }
};

TEST_F(ReadEvents, OneShowsItsStateAndWhy) {
  const auto id = put("t");
  const auto response = fixture.get("/api/v1/events/" + id.text());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(member(response, "state"), "pending");
  EXPECT_EQ(member(response, "why"), "waits for its due time");
  EXPECT_EQ(header_of(response, "ETag"), "\"1\"");
}

TEST_F(ReadEvents, ARetryShowsItsAttempts) {
  const auto id = put("t");
  auto& event = fixture.events.stored[id].event;
  event.attempt = 1;
  event.attempts = {{fixture.clock.now, "connection \"refused\""}};
  const auto response = fixture.get("/api/v1/events/" + id.text());
  EXPECT_EQ(member(response, "attempts"), R"([{"at":"2026-01-05T08:00:00.000000Z","error":"connection \"refused\""}])");
  EXPECT_NE(member(response, "why").find("1 of 4 tries failed"), std::string::npos);
}

TEST_F(ReadEvents, AFinishedOneShowsItsOutcome) {
  const auto id = put("t", State::fired);
  fixture.events.stored[id].event.body.clear();
  fixture.events.stored[id].outcome = {
      .state = State::fired, .at = fixture.clock.now, .sink = "kafka", .position = "3:117"};
  const auto response = fixture.get("/api/v1/events/" + id.text());
  EXPECT_EQ(member(response, "body"), "null");
  EXPECT_EQ(member(response, "why"), "published to kafka at 3:117");
  EXPECT_NE(member(response, "outcome").find(R"("position":"3:117")"), std::string::npos);
}

TEST_F(ReadEvents, ADeadOneComesFromTheDeadLetters) {
  const auto id = put("t", State::dead);
  fixture.letters.stored[id] = {
      .event = fixture.events.stored[id].event, .reason = "retries_exhausted", .detail = "503"};
  fixture.letters.stored[id].event.body = R"({"kept":1})";
  const auto response = fixture.get("/api/v1/events/" + id.text());
  EXPECT_EQ(member(response, "state"), "dead");
  EXPECT_EQ(member(response, "body"), R"({"kept":1})");
}

TEST_F(ReadEvents, AForgottenOneComesFromItsExecutions) {
  Execution execution;
  execution.event_id = random_id(*fixture.random);
  execution.topic = "t";
  fixture.executions.stored.push_back(execution);
  const auto response = fixture.get("/api/v1/events/" + execution.event_id.text());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(member(response, "state"), "fired");
}

TEST_F(ReadEvents, AnUnknownOneIs404AndABadIdIs422) {
  EXPECT_EQ(fixture.get("/api/v1/events/7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968").status, 404);
  EXPECT_EQ(fixture.get("/api/v1/events/42").status, 422);
}

TEST_F(ReadEvents, AListIsFilteredAndPaged) {
  for (int i = 0; i < 5; ++i) put("a");
  put("b");
  const auto first = fixture.get("/api/v1/events?topic=a&limit=3&entity=order.42");
  EXPECT_EQ(count(first), 3U);
  const auto second = fixture.get("/api/v1/events?topic=a&limit=3&cursor=" + member(first, "next_cursor"));
  EXPECT_EQ(count(second), 2U);
  EXPECT_EQ(member(second, "next_cursor"), "null");
  EXPECT_EQ(count(fixture.get("/api/v1/events?entity=order.43")), 0U);
  EXPECT_EQ(count(fixture.get("/api/v1/events?due_from=2026-01-05T08:00:00Z")), 6U);
  EXPECT_EQ(count(fixture.get("/api/v1/events?due_to=2026-01-05T08:00:00Z")), 0U);
}

TEST_F(ReadEvents, AListOfFinishedOnesComesFromTheExecutions) {
  Execution execution;
  execution.due_at = fixture.clock.now;
  execution.state = State::skipped;
  execution.reason = "expired";
  fixture.executions.stored.push_back(execution);
  const auto response = fixture.get("/api/v1/events?status=skipped&topic=t");
  EXPECT_EQ(count(response), 1U);
  EXPECT_NE(response.body.find("not published: expired"), std::string::npos);
  EXPECT_EQ(fixture.executions.asked.topic, "t");
  EXPECT_EQ(count(fixture.get("/api/v1/events?status=skipped&due_to=2026-01-05T08:00:00Z")), 0U);
}

TEST_F(ReadEvents, AListOfDeadOnesComesFromTheDeadLetters) {
  Event event;
  event.topic = "t";
  fixture.letters.stored[event.id] = {.event = event, .reason = "rejected", .detail = ""};
  EXPECT_EQ(count(fixture.get("/api/v1/events?status=dead&topic=t")), 1U);
}

TEST_F(ReadEvents, BadParametersAre422) {
  for (const std::string query : {"limit=0", "limit=1001", "limit=x", "status=happy", "cursor=!!", "due_from=soon",
                                  "tpic=x", "status=fired&tag=x", "status=fired&source=x"})
    EXPECT_EQ(fixture.get("/api/v1/events?" + query).status, 422) << query;
}

}  // namespace
}  // namespace schedules::api
