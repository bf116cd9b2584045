#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

struct CreateEvents : ::testing::Test {
  Fixture fixture;
  http::Response post(std::string body, http::Fields headers = {}) {
    if (headers.empty()) headers = {{"Content-Type", "application/json"}};
    return fixture.post("/api/v1/events", std::move(body), std::move(headers));
  }
  http::Response post_lines(std::string body) {
    return post(std::move(body), {{"Content-Type", "application/x-ndjson"}});
  }
};

TEST_F(CreateEvents, OneIs201WithItsPlaceAndItself) {
  const auto response = post(event_json(R"("delay_seconds":60,"body":{"a":1})"));
  ASSERT_EQ(response.status, 201) << response.body;
  const auto& event = fixture.events.stored.begin()->second.event;
  EXPECT_EQ(header_of(response, "Location"), "/api/v1/events/" + event.id.text());
  EXPECT_EQ(header_of(response, "ETag"), "\"1\"");
  EXPECT_NE(response.body.find(R"("body":{"a":1})"), std::string::npos);
  EXPECT_NE(response.body.find(R"("scheduled_at":"2026-01-05T08:01:00.000000Z")"), std::string::npos);
  EXPECT_NE(response.body.find(R"("state":"pending","status":"pending","tier":"near","store":"rocksdb")"),
            std::string::npos);
  EXPECT_EQ(event.source, "api_request");
}

TEST_F(CreateEvents, TheSameKeyAndContentIs200WithTheSameBody) {
  const http::Fields key{{"Idempotency-Key", "k1"}};
  const auto first = post(event_json(), key);
  const auto second = post(event_json(), key);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(first.body, second.body);
}

TEST_F(CreateEvents, TheSameKeyWithOtherContentIs409) {
  post(event_json(R"("delay_seconds":60,"idempotency_key":"k1")"));
  const auto response = post(event_json(R"("delay_seconds":60,"idempotency_key":"k1","body":{"x":1})"));
  EXPECT_EQ(response.status, 409);
  EXPECT_NE(response.body.find(R"("code":"idempotency_conflict")"), std::string::npos);
}

TEST_F(CreateEvents, TheKeyInHeaderAndFieldMustAgree) {
  const auto body = event_json(R"("delay_seconds":60,"idempotency_key":"a")");
  EXPECT_EQ(post(body, {{"Idempotency-Key", "a"}}).status, 201);
  EXPECT_EQ(post(body, {{"Idempotency-Key", "b"}}).status, 422);
  EXPECT_EQ(post(event_json(), {{"Idempotency-Key", std::string(250, 'x')}}).status, 422);
}

TEST_F(CreateEvents, ALateOneSaysSo) {
  const auto response = post(event_json(R"("scheduled_at":"2026-01-05T07:00:00Z")"));
  EXPECT_EQ(response.status, 201);
  EXPECT_NE(response.body.find(R"("late":true)"), std::string::npos);
}

TEST_F(CreateEvents, AnExpiredOneIs422) {
  EXPECT_EQ(post(event_json(R"("scheduled_at":"2026-01-05T07:00:00Z","max_delay_seconds":60)")).status, 422);
}

TEST_F(CreateEvents, FaultsAreAProblem) {
  const auto response = post(R"({"topc":"t"})");
  EXPECT_EQ(response.status, 422);
  EXPECT_NE(response.body.find(R"("field":"topc","code":"unknown_field")"), std::string::npos);
  EXPECT_TRUE(fixture.events.stored.empty());
}

TEST_F(CreateEvents, BrokenJsonIs400) {
  for (const std::string body : {"", "{", "5", "\"x\"", "{\"topic\":\"\xff\"}"})
    EXPECT_EQ(post(body).status, 400) << body;
}

TEST_F(CreateEvents, OtherTypesAre415) {
  for (const std::string type :
       {"text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json; charset=latin1"})
    EXPECT_EQ(post(event_json(), {{"Content-Type", type}}).status, 415) << type;
  EXPECT_EQ(post(event_json(), {{"Content-Type", "Application/JSON; charset=\"UTF-8\""}}).status, 201);
}

TEST_F(CreateEvents, TheTraceGoesAlong) {
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  post(event_json(), {{"traceparent", parent}});
  EXPECT_EQ(fixture.events.stored.begin()->second.event.traceparent, parent);
  fixture.events.stored.clear();
  post(event_json(), {{"traceparent", "cc" + parent.substr(2) + "-more"}});
  EXPECT_EQ(fixture.events.stored.begin()->second.event.traceparent, parent);
  for (const std::string& bad :
       {std::string("nonsense"), "ff" + parent.substr(2), "00-" + std::string(32, '0') + parent.substr(35)}) {
    fixture.events.stored.clear();
    post(event_json(), {{"traceparent", bad}});
    EXPECT_EQ(fixture.events.stored.begin()->second.event.traceparent, "") << bad;
  }
}

TEST_F(CreateEvents, AnArrayIsABatch) {
  const auto response = post("[" + event_json() + ",{},5,\"x\"," + event_json() + "]");
  EXPECT_EQ(response.status, 207);
  EXPECT_EQ(fixture.events.stored.size(), 2U);
  EXPECT_NE(response.body.find(R"({"index":1,"status":422,"error":{"code":"missing_field")"), std::string::npos);
  EXPECT_NE(response.body.find(R"({"index":2,"status":400)"), std::string::npos);
  EXPECT_NE(response.body.find(R"({"index":3,"status":400)"), std::string::npos);
  EXPECT_NE(response.body.find(R"({"index":4,"id":")"), std::string::npos);
}

TEST_F(CreateEvents, LinesAreABatch) {
  const auto response =
      post_lines(event_json() + "\r\n\n{bad\n" + event_json(R"("priority":99)") + "\n[]\n" + event_json());
  EXPECT_EQ(response.status, 207);
  json::Document document;
  ASSERT_TRUE(document.read(response.body));
  json::Document results;
  ASSERT_TRUE(results.read(document.find("results")->text));
  std::vector<std::string> statuses;
  for (const auto& result : results.members()) {
    json::Document one;
    ASSERT_TRUE(one.read(result.value.text));
    statuses.emplace_back(one.find("status")->text);
  }
  EXPECT_EQ(statuses, (std::vector<std::string>{"201", "400", "422", "400", "201"}));
}

TEST_F(CreateEvents, ItemsOfABatchMayExistOrConflict) {
  const auto one = event_json(R"("delay_seconds":60,"idempotency_key":"k")");
  const auto other = event_json(R"("delay_seconds":60,"idempotency_key":"k","body":{"x":1})");
  const auto response = post_lines(one + "\n" + one + "\n" + other);
  EXPECT_NE(response.body.find(R"("status":201})"), std::string::npos);
  EXPECT_NE(response.body.find(R"("status":200})"), std::string::npos);
  EXPECT_NE(response.body.find(R"("status":409,"error":{"code":"idempotency_conflict")"), std::string::npos);
}

TEST_F(CreateEvents, AnEmptyBatchHasNoResults) {
  EXPECT_EQ(post("[]").body, R"({"results":[]})");
  EXPECT_EQ(post_lines("\n").body, R"({"results":[]})");
}

TEST_F(CreateEvents, TooManyAre413AndNothingIsStored) {
  std::string lines;
  for (int i = 0; i < 10'001; ++i) lines += event_json() + "\n";
  EXPECT_EQ(post_lines(lines).status, 413);
  EXPECT_TRUE(fixture.events.stored.empty());
  lines.resize(lines.size() - event_json().size() - 1);
  EXPECT_EQ(post_lines(lines).status, 207);
  EXPECT_EQ(fixture.events.stored.size(), 10'000U);
}

TEST_F(CreateEvents, ABatchTakesNoKeyHeader) {
  EXPECT_EQ(post("[" + event_json() + "]", {{"Idempotency-Key", "k"}}).status, 422);
}

TEST_F(CreateEvents, AFailingStoreFailsTheCall) {
  fixture.events.failure = Error{.code = Code::disk_full, .detail = "no room"};
  const auto response = post(event_json());
  EXPECT_EQ(response.status, 507);
  EXPECT_EQ(header_of(response, "Retry-After"), "5");
  EXPECT_EQ(post_lines(event_json()).status, 507);
}

}  // namespace
}  // namespace schedules::api
