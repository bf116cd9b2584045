#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

struct DeadLetters : ::testing::Test {
  Fixture fixture;
  EventId put(std::string reason = "retries_exhausted") {
    DeadLetter letter;
    letter.event.id = random_id(*fixture.random);
    letter.event.topic = "t";
    letter.event.body = R"({"a":1})";
    letter.reason = std::move(reason);
    letter.died_at = fixture.clock.now;
    fixture.letters.stored[letter.event.id] = letter;
    return letter.event.id;
  }
};

TEST_F(DeadLetters, AreListedAndFiltered) {
  put();
  put("rejected");
  const auto all = fixture.get("/api/v1/dead-letters");
  EXPECT_EQ(all.status, 200);
  json::Document document;
  ASSERT_TRUE(document.read(all.body)) << all.body;
  json::Document items;
  ASSERT_TRUE(items.read(document.find("items")->text));
  EXPECT_EQ(items.members().size(), 2U);
  EXPECT_EQ(fixture.get("/api/v1/dead-letters?reason=rejected").body.find("retries_exhausted"), std::string::npos);
  EXPECT_EQ(fixture.get("/api/v1/dead-letters?reson=x").status, 422);
}

TEST_F(DeadLetters, OneShowsTheWholeEvent) {
  const auto id = put();
  const auto response = fixture.get("/api/v1/dead-letters/" + id.text());
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find(R"("body":{"a":1})"), std::string::npos);
  EXPECT_EQ(fixture.get("/api/v1/dead-letters/7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968").status, 404);
}

TEST_F(DeadLetters, OneIsDropped) {
  const auto path = "/api/v1/dead-letters/" + put().text();
  EXPECT_EQ(fixture.call(http::Method::del, path).status, 204);
  EXPECT_EQ(fixture.call(http::Method::del, path).status, 404);
}

TEST_F(DeadLetters, RedriveByIdsKeepsTheIdAndEdits) {
  const auto id = put();
  const auto response = fixture.post("/api/v1/dead-letters/redrive",
                                     fmt::format(R"({{"ids":["{}"],"patch":{{"topic":"new"}}}})", id.text()));
  EXPECT_EQ(response.status, 202) << response.body;
  ASSERT_EQ(fixture.redriven.size(), 1U);
  EXPECT_EQ(fixture.redriven[0].id, id);
  EXPECT_EQ(fixture.redriven[0].topic, "new");
  EXPECT_TRUE(fixture.letters.stored.empty());
}

TEST_F(DeadLetters, RedriveByFilterTakesAllOfThem) {
  for (int i = 0; i < 700; ++i) put();
  put("rejected");
  const auto accepted = fixture.post("/api/v1/dead-letters/redrive", R"({"filter":{"reason":"retries_exhausted"}})");
  const auto job = fixture.get(header_of(accepted, "Location")).body;
  EXPECT_NE(job.find(R"("matched":700,"succeeded":700)"), std::string::npos) << job;
  EXPECT_EQ(fixture.letters.stored.size(), 1U);
}

TEST_F(DeadLetters, ADryRunRedrivesNothing) {
  put();
  fixture.post("/api/v1/dead-letters/redrive", R"({"filter":{},"dry_run":true})");
  EXPECT_TRUE(fixture.redriven.empty());
}

TEST_F(DeadLetters, AnIdThatIsNotThereIsSkipped) {
  const auto accepted =
      fixture.post("/api/v1/dead-letters/redrive", R"({"ids":["7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968"]})");
  EXPECT_NE(fixture.get(header_of(accepted, "Location")).body.find(R"("skipped":1)"), std::string::npos);
}

TEST_F(DeadLetters, RedriveIsStrict) {
  for (const std::string body :
       {"{}", R"({"ids":["x"]})", R"({"ids":["7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968"],"filter":{}})",
        R"({"filter":{"resaon":"x"}})", R"({"filter":{},"rate":0})", R"({"filter":{},"patch":{"prioritty":1}})",
        R"({"filter":{},"patch":5})", R"({"filtr":{}})"})
    EXPECT_EQ(fixture.post("/api/v1/dead-letters/redrive", body).status, 422) << body;
  EXPECT_NE(fixture.post("/api/v1/dead-letters/redrive", R"({"filter":{},"patch":{"priority":99}})")
                .body.find("patch.priority"),
            std::string::npos);
}

TEST_F(DeadLetters, ARateIsKept) {
  // Without a timer of a server nothing can be paced; the work is done all the same.
  put();
  fixture.post("/api/v1/dead-letters/redrive", R"({"filter":{},"rate":1})");
  EXPECT_EQ(fixture.redriven.size(), 1U);
}

}  // namespace
}  // namespace schedules::api
