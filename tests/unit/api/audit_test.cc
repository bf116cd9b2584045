// What gets into the audit trail, and how it waits for a trail that is away.
#include <gtest/gtest.h>

#include "api/audit/note.h"
#include "api/audit/queue.h"
#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

struct FakeTrail final : AuditTrail {
  std::optional<Error> failure;
  std::vector<std::string> stored;
  std::vector<AuditFilter> asked;

  void append_entries(std::vector<AuditEntry> entries, Done<void> done) override {
    if (failure) return done(fail(*failure));
    for (const auto& entry : entries) stored.push_back(entry.action);
    done({});
  }
  void find_entries(AuditFilter filter, Done<AuditPage> done) override {
    asked.push_back(filter);
    done(AuditPage{});
  }
  void forget_entries(TimePoint, Done<uint64_t> done) override { done(0); }
};

AuditEntry entry(std::string action) {
  return sealed({.at = TimePoint{}, .kind = "event", .action = std::move(action)});
}

struct Queue : testing::Test {
  FakeTrail trail;
  AuditQueue queue{trail};
};

TEST_F(Queue, WhatIsNotedIsWritten) {
  queue.note(entry("a"));
  EXPECT_EQ(trail.stored, std::vector<std::string>{"a"});
  EXPECT_TRUE(queue.flush(std::chrono::milliseconds(0)));
}

TEST_F(Queue, NotesWaitInOrderWhileTheTrailIsAway) {
  trail.failure = Error{.code = Code::unavailable, .detail = "away"};
  queue.note(entry("a"));
  queue.note(entry("b"));
  EXPECT_EQ(queue.waiting(), 2U);
  EXPECT_FALSE(queue.flush(std::chrono::milliseconds(0)));
  trail.failure.reset();
  queue.tick();
  EXPECT_EQ(trail.stored, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(queue.dropped(), 0U);
}

TEST_F(Queue, WhatDoesNotFitIsCounted) {
  trail.failure = Error{.code = Code::unavailable, .detail = "away"};
  for (size_t i = 0; i < AuditQueue::kMostWaiting + 5; ++i) queue.note(entry("a"));
  EXPECT_EQ(queue.waiting(), AuditQueue::kMostWaiting);
  EXPECT_EQ(queue.dropped(), 5U);
}

TEST(AuditEntries, OfTheSameContentHaveTheSameId) {
  EXPECT_EQ(entry("a").id, entry("a").id);
  EXPECT_NE(entry("a").id, entry("b").id);
  EXPECT_TRUE(is_object_id(entry("a").id));
}

TEST(AuditChanges, AreOfTheFieldsThatDiffer) {
  EXPECT_EQ(changes_between(R"({"a":1,"b":[1,2],"c":null})", R"({"a":1,"b":[1,3],"d":"x"})"),
            R"({"b":{"before":[1,2],"after":[1,3]},"d":{"before":null,"after":"x"}})");
  EXPECT_EQ(changes_between(R"({"a":1})", R"({"a":1})"), "{}");
}

TEST(AuditChanges, SecretsAreMaskedWhereverTheyAre) {
  const auto text =
      as_changes(R"({"event_headers":{"X-A":"no"},"payload":{"Password":"no","list":[{"auth_token":"no"}]},
    "secret":"no","target":{"url":"https://example.com/no?no"},"plain":"yes"})");
  EXPECT_EQ(text.find("no\""), std::string::npos) << text;
  EXPECT_NE(text.find(R"("https://example.com/…")"), std::string::npos) << text;
  EXPECT_NE(text.find("yes"), std::string::npos) << text;
}

TEST(AuditChanges, LongValuesAreToldByTheirSize) {
  const auto text = as_changes(fmt::format(R"({{"a":"{}"}})", std::string(10'000, 'x')));
  EXPECT_NE(text.find("(10002 bytes)"), std::string::npos);
  EXPECT_LT(text.size(), 100U);
}

TEST(AuditRoutes, FiltersReachTheTrail) {
  FakeTrail trail;
  Fixture fixture;
  auto deps = fixture.deps();
  deps.audit = &trail;
  Api api(std::move(deps), {}, *Auth::create({}));
  http::Request request;
  request.method = http::Method::get;
  request.target = "/api/v1/audit?kind=schedule&id=x&actor=me&since=2026-01-01T00:00:00Z&limit=7";
  request.headers.emplace_back("Host", "127.0.0.1");
  auto answer = std::make_shared<Answer>();
  api.body_limit(request);
  api.dispatch(std::move(request), http::Responder(answer));
  ASSERT_EQ(answer->response->status, 200) << answer->response->body;
  const auto& filter = trail.asked.at(0);
  EXPECT_EQ(std::tie(*filter.kind, *filter.object_id, *filter.actor), std::make_tuple("schedule", "x", "me"));
  EXPECT_EQ(filter.limit, 7U);
  EXPECT_TRUE(filter.since && !filter.until);
}

TEST(AuditRoutes, AScheduleIsChangedTogetherWithItsNote) {
  Fixture fixture;
  const auto made = fixture.post("/api/v1/admin/schedules", R"({"name":"n","event_type":"a","event_action":"b",
    "cron_expression":"0 9 * * *"})");
  ASSERT_EQ(made.status, 201) << made.body;
  ASSERT_EQ(
      fixture.call(http::Method::del, "/api/v1/admin/schedules/" + fixture.schedules.stored.begin()->first).status,
      204);
  ASSERT_EQ(fixture.schedules.noted.size(), 2U);
  EXPECT_EQ(fixture.schedules.noted[0].action, "create");
  EXPECT_EQ(fixture.schedules.noted[0].actor.name, "local");
  EXPECT_EQ(fixture.schedules.noted[1].action, "delete");
}

}  // namespace
}  // namespace schedules::api
