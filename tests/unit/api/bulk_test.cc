#include <gtest/gtest.h>

#include "api/jobs.h"
#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

struct BulkEvents : ::testing::Test {
  Fixture fixture;
  void put(std::string topic, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      Event event;
      event.id = random_id(*fixture.random);
      event.topic = topic;
      event.due_at = fixture.clock.now;
      fixture.events.stored[event.id] = StoredEvent{.event = event};
    }
  }
  size_t in_state(State state) {
    return static_cast<size_t>(
        std::ranges::count_if(fixture.events.stored, [&](const auto& one) { return one.second.state == state; }));
  }
  std::string job(const http::Response& accepted) {
    EXPECT_EQ(accepted.status, 202) << accepted.body;
    return fixture.get(header_of(accepted, "Location")).body;
  }
};

TEST_F(BulkEvents, CancelTakesAllThatMatch) {
  put("a", 2500);
  put("b", 3);
  const auto done = job(fixture.post("/api/v1/events/cancel", R"({"filter":{"topic":"a"}})"));
  EXPECT_NE(done.find(R"("state":"done","dry_run":false,"matched":2500,"succeeded":2500,"skipped":0,"failed":0)"),
            std::string::npos)
      << done;
  EXPECT_EQ(in_state(State::cancelled), 2500U);
}

TEST_F(BulkEvents, ADryRunOnlyCounts) {
  put("a", 5);
  const auto done = job(fixture.post("/api/v1/events/cancel", R"({"filter":{"topic":"a"},"dry_run":true})"));
  EXPECT_NE(done.find(R"("dry_run":true,"matched":5,"succeeded":0)"), std::string::npos) << done;
  EXPECT_EQ(in_state(State::cancelled), 0U);
}

TEST_F(BulkEvents, AShiftMovesEachEventOnce) {
  put("a", 1500);
  job(fixture.post("/api/v1/events/reschedule", R"({"filter":{"topic":"a"},"shift_seconds":-30})"));
  for (const auto& [id, stored] : fixture.events.stored)
    ASSERT_EQ(stored.event.due_at, fixture.clock.now - std::chrono::seconds(30));
}

TEST_F(BulkEvents, AShiftOutOfRangeFailsThatEvent) {
  put("a", 1);
  const auto done = job(fixture.post("/api/v1/events/reschedule", R"({"all":true,"shift_seconds":-3155760000})"));
  EXPECT_NE(done.find(R"("failed":1)"), std::string::npos) << done;
  EXPECT_NE(done.find(R"("code":"out_of_range")"), std::string::npos) << done;
}

TEST_F(BulkEvents, ARescheduleNeedsOneTime) {
  for (const std::string body : {R"({"all":true})", R"({"all":true,"delay_seconds":1,"shift_seconds":1})"})
    EXPECT_EQ(fixture.post("/api/v1/events/reschedule", body).status, 422) << body;
  EXPECT_EQ(fixture.post("/api/v1/events/cancel", R"({"all":true,"delay_seconds":1})").status, 422);
}

TEST_F(BulkEvents, AnEmptyFilterMustSayAll) {
  put("a", 2);
  EXPECT_EQ(fixture.post("/api/v1/events/cancel", "{}").status, 422);
  EXPECT_EQ(fixture.post("/api/v1/events/cancel", R"({"filter":{}})").status, 422);
  job(fixture.post("/api/v1/events/cancel", R"({"all":true})"));
  EXPECT_EQ(in_state(State::cancelled), 2U);
}

TEST_F(BulkEvents, FiltersAreStrict) {
  const auto response = fixture.post("/api/v1/events/cancel", R"({"filter":{"tpic":"a"}})");
  EXPECT_EQ(response.status, 422);
  EXPECT_NE(response.body.find("filter.tpic"), std::string::npos);
  EXPECT_EQ(fixture.post("/api/v1/events/cancel", R"({"filter":{"due_from":"x"}})").status, 422);
  EXPECT_EQ(fixture.post("/api/v1/events/cancel", R"({"filter":[]})").status, 422);
  EXPECT_EQ(fixture.post("/api/v1/events/cancel", R"({"fliter":{}})").status, 422);
}

TEST_F(BulkEvents, AnUnknownJobIs404) { EXPECT_EQ(fixture.get("/api/v1/jobs/nothing").status, 404); }

TEST(Jobs, AreBounded) {
  Jobs jobs;
  const auto random = seeded_random(1);
  const auto first = *jobs.start("cancel", DryRun::no, {}, *random);
  for (size_t i = 1; i < kMaxJobsRunning; ++i) ASSERT_TRUE(jobs.start("cancel", DryRun::no, {}, *random));
  EXPECT_EQ(jobs.start("cancel", DryRun::no, {}, *random).error().code, Code::overloaded);
  first->finish({});
  for (size_t i = 0; i < kMaxJobs + 10; ++i) (*jobs.start("cancel", DryRun::no, {}, *random))->finish({});
  EXPECT_EQ(jobs.find(first->id()), nullptr);
}

TEST(Jobs, KeepTheFirstErrors) {
  Job job("j", "cancel", DryRun::no, {});
  for (int i = 0; i < 100; ++i) job.fail_one({.code = Code::io_error, .detail = "broken"});
  std::string text;
  job.append_json(text);
  EXPECT_NE(text.find(R"("failed":100)"), std::string::npos);
  json::Document document;
  ASSERT_TRUE(document.read(text)) << text;
  json::Document errors;
  ASSERT_TRUE(errors.read(document.find("errors")->text));
  EXPECT_EQ(errors.members().size(), kMaxJobErrors);
}

}  // namespace
}  // namespace schedules::api
