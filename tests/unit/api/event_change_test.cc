#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

struct ChangeEvents : ::testing::Test {
  Fixture fixture;
  EventId id = random_id(*fixture.random);
  std::string path = "/api/v1/events/" + id.text();

  StoredEvent& put(State state = State::pending) {
    Event event;
    event.id = id;
    event.topic = "t";
    event.due_at = fixture.clock.now;
    return fixture.events.stored[id] = StoredEvent{.event = event, .state = state};
  }
  http::Response cancel(std::string query = "", http::Fields headers = {}) {
    return fixture.call(http::Method::del, path + query, "", std::move(headers));
  }
  http::Response patch(std::string body, http::Fields headers = {}) {
    return fixture.call(http::Method::patch, path, std::move(body), std::move(headers));
  }
  static bool has(const http::Response& response, std::string_view text) {
    return response.body.find(text) != std::string::npos;
  }
};

TEST_F(ChangeEvents, CancelOfAWaitingOneIs200) {
  put();
  const auto response = cancel();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(has(response, R"({"result":"cancelled")")) << response.body;
}

TEST_F(ChangeEvents, CancelOfACancelledOneIsCancelledStill) {
  put(State::cancelled);
  EXPECT_EQ(cancel().status, 200);
}

TEST_F(ChangeEvents, CancelOfAFiredOneSaysWhereItWent) {
  put(State::fired).outcome = {.state = State::fired, .at = fixture.clock.now, .sink = "kafka", .position = "3:117"};
  const auto response = cancel();
  EXPECT_EQ(response.status, 409);
  EXPECT_TRUE(has(response, R"("result":"already_fired")"));
  EXPECT_TRUE(has(response, R"("position":"3:117","partition":3,"offset":117)"));
  EXPECT_TRUE(has(response, R"("code":"conflict")"));
}

TEST_F(ChangeEvents, CancelOfAnUnknownOneIs404) {
  const auto response = cancel();
  EXPECT_EQ(response.status, 404);
  EXPECT_TRUE(has(response, R"("result":"not_found")"));
}

TEST_F(ChangeEvents, CancelOfOneInFlightIs409AndMayWait) {
  put(State::in_flight);
  const auto response = cancel("?wait=250");
  EXPECT_EQ(response.status, 409);
  EXPECT_TRUE(has(response, R"("result":"in_flight")"));
  EXPECT_EQ(fixture.events.waited, std::chrono::milliseconds(250));
  EXPECT_EQ(cancel("?wait=30001").status, 422);
}

TEST_F(ChangeEvents, CancelOfADeadOneIsAConflict) {
  put(State::dead);
  EXPECT_TRUE(has(cancel(), R"("result":"conflict")"));
}

TEST_F(ChangeEvents, CancelOfAnotherRevisionIsAConflict) {
  put();
  const auto response = cancel("", {{"If-Match", "\"5\""}});
  EXPECT_EQ(response.status, 409);
  EXPECT_TRUE(has(response, R"("result":"conflict")"));
  EXPECT_TRUE(has(response, R"("revision":1)"));
  EXPECT_EQ(cancel("", {{"If-Match", "\"1\""}}).status, 200);
}

TEST_F(ChangeEvents, PatchChangesAndRaisesTheRevision) {
  put();
  const auto response = patch(R"({"delay_seconds":90,"priority":5})");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(header_of(response, "ETag"), "\"2\"");
  EXPECT_EQ(fixture.events.stored[id].event.priority, 5);
  EXPECT_TRUE(has(response, R"("scheduled_at":"2026-01-05T08:01:30.000000Z")"));
}

TEST_F(ChangeEvents, PatchOfAnotherRevisionIs412) {
  put();
  const auto response = patch(R"({"priority":5})", {{"If-Match", "\"9\""}});
  EXPECT_EQ(response.status, 412);
  EXPECT_TRUE(has(response, R"("result":"conflict")"));
}

TEST_F(ChangeEvents, PatchOfAFiredOneIs409) {
  put(State::fired);
  EXPECT_EQ(patch(R"({"priority":5})").status, 409);
}

TEST_F(ChangeEvents, PatchIsStrict) {
  put();
  EXPECT_EQ(patch(R"({"prioritty":5})").status, 422);
  EXPECT_EQ(patch("{").status, 400);
  EXPECT_EQ(patch("[]").status, 400);
  EXPECT_EQ(patch(R"({"priority":5})", {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(patch(R"({"priority":5})", {{"If-Match", "nonsense"}}).status, 400);
  EXPECT_EQ(fixture.events.stored[id].event.revision, 1U);
}

TEST_F(ChangeEvents, CompletePassesTheResultOn) {
  const auto response = fixture.post(path + "/complete", R"({"success":false,"error":"boom","duration_ms":12})");
  EXPECT_EQ(response.status, 200);
  ASSERT_EQ(fixture.completions.size(), 1U);
  EXPECT_FALSE(fixture.completions[0].success);
  EXPECT_EQ(fixture.completions[0].error, "boom");
  EXPECT_EQ(fixture.completions[0].duration, std::chrono::milliseconds(12));
}

TEST_F(ChangeEvents, CompleteWithoutABodyIsASuccess) {
  fixture.post(path + "/complete");
  EXPECT_TRUE(fixture.completions.at(0).success);
}

TEST_F(ChangeEvents, CompleteIsStrict) {
  EXPECT_EQ(fixture.post(path + "/complete", R"({"sucess":true})").status, 422);
  EXPECT_EQ(fixture.post(path + "/complete", R"({"success":"yes"})").status, 422);
  EXPECT_EQ(fixture.post(path + "/complete", "[]").status, 400);
}

}  // namespace
}  // namespace schedules::api
