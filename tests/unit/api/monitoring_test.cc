#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

struct Monitoring : ::testing::Test {
  Fixture fixture;
  static std::string path(std::string_view more) { return fmt::format("/api/v1/admin/schedules/monitoring{}", more); }
  static bool has(const http::Response& response, std::string_view text) {
    return response.body.find(text) != std::string::npos;
  }
};

TEST_F(Monitoring, HealthIsDegradedWhenAPartIs) {
  EXPECT_TRUE(has(fixture.get(path("/health")), R"({"status":"healthy","timestamp":"2026-01-05T08:00:00.000000Z")"));
  fixture.parts = {{.name = "redis", .healthy = false, .status = "unreachable", .detail = "connection refused"},
                   {.name = "analytics"}};
  const auto response = fixture.get(path("/health"));
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(has(response, R"("status":"degraded")"));
  EXPECT_TRUE(has(response, R"("redis":{"status":"unreachable")"));
  EXPECT_TRUE(has(response, R"("analytics":{"status":"healthy")"));
}

TEST_F(Monitoring, StatsHaveTheContractsKeys) {
  const auto response = fixture.get(path("/stats"));
  for (const std::string_view key :
       {"total_schedules", "pending_schedules", "processing_schedules", "completed_schedules", "error_schedules",
        "transferred_to_redis_schedules", "redis_pending", "pending", "running"})
    EXPECT_TRUE(has(response, fmt::format("\"{}\":", key))) << key;
}

TEST_F(Monitoring, SyncAndCleanupTellWhatTheyDid) {
  EXPECT_EQ(fixture.post(path("/sync")).body, R"({"status":"success","transferred_count":3})");
  EXPECT_EQ(
      fixture.post(path("/cleanup")).body,
      R"({"status":"success","executions_deleted":1,"analytics_deleted":2,"redis_cleaned":3,"requeued_stuck":4})");
}

TEST_F(Monitoring, MetricsAreText) {
  for (const std::string& where : {path("/metrics"), path("/metrics/prometheus"), std::string("/metrics")}) {
    const auto response = fixture.get(where);
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_TRUE(has(response, "# TYPE stufio_schedules_pending gauge\nstufio_schedules_pending 0\n"));
  }
}

TEST_F(Monitoring, AnalyticsAskForTheirPeriod) {
  const auto response = fixture.get(path("/analytics/summary?hours=2"));
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(has(response, R"({"period_hours":2,"total_executions":4,"successful":3,"failed":1)"));
  EXPECT_TRUE(has(response, R"("by_event":[{"event":"order.remind")"));
  EXPECT_EQ(fixture.executions.asked.from, fixture.clock.now - std::chrono::hours(2));
  EXPECT_TRUE(has(fixture.get(path("/analytics/performance")), R"({"period_hours":24,"buckets":[{"hour":)"));
  EXPECT_EQ(fixture.get(path("/analytics/summary?hours=0")).status, 422);
}

TEST_F(Monitoring, SettingsAreReadByKey) {
  const std::string base = "/api/v1/admin/settings";
  EXPECT_EQ(fixture.post(base + "/get", R"({"keys":["schedules_MAX_RETRIES","nothing"]})").body,
            R"({"schedules_MAX_RETRIES":3})");
  EXPECT_EQ(fixture.post(base + "/get", "{}").status, 422);
  EXPECT_EQ(fixture.post(base + "/refresh-cache").body, R"({"success":true})");
  EXPECT_EQ(fixture.post(base + "/save", "[]").status, 503);
  EXPECT_EQ(fixture.post(base + "/save", "{}").status, 422);
  EXPECT_EQ(fixture.post(base + "/save", R"([{"key":"x"}])").status, 422);
  EXPECT_EQ(fixture.get(base + "/schemas").status, 200);
  EXPECT_EQ(fixture.get(base + "/sources").body, R"({"schedules_MAX_RETRIES":{"source":"flag","where":"--set"}})");
}

TEST_F(Monitoring, ForecastAddsWhatWaitsAndWhatSchedulesWillMake) {
  const TimePoint now = fixture.clock.now;  // 08:00
  fixture.clock.now += std::chrono::minutes(20);
  for (const int minutes : {29, 31, 31, 59, 61, 120}) {
    fixture.events.accept_one(
        Event{.topic = std::to_string(fixture.events.stored.size()), .due_at = now + std::chrono::minutes(minutes)});
  }
  Schedule schedule;
  schedule.id = "0123456789abcdef01234567";
  schedule.cron_expression = "*/20 * * * *";
  schedule.planned_until = now + std::chrono::minutes(20);
  schedule.next_execution = now + std::chrono::minutes(40);
  fixture.schedules.stored[schedule.id] = schedule;
  const auto response = fixture.get("/api/v1/forecast?hours=1&slot_minutes=30");
  EXPECT_EQ(response.body,
            R"({"from":"2026-01-05T08:00:00.000000Z","until":"2026-01-05T09:00:00.000000Z","slot_seconds":1800,)"
            R"("slots":[{"at":"2026-01-05T08:00:00.000000Z","waiting":1,"planned":0,"more":false},)"
            R"({"at":"2026-01-05T08:30:00.000000Z","waiting":3,"planned":1,"more":false}]})");
}

TEST_F(Monitoring, ForecastHasBounds) {
  EXPECT_EQ(fixture.get("/api/v1/forecast").status, 200);
  EXPECT_EQ(fixture.get("/api/v1/forecast?hours=168&slot_minutes=15").status, 200);
  for (const std::string query : {"hours=0", "hours=169", "slot_minutes=0", "slot_minutes=1441",
                                  "hours=168&slot_minutes=10", "hours=x", "minutes=3"}) {
    EXPECT_EQ(fixture.get("/api/v1/forecast?" + query).status, 422) << query;
  }
  fixture.events.failure = Error{.code = Code::unavailable, .detail = "away"};
  EXPECT_EQ(fixture.get("/api/v1/forecast").status, 503);
}

}  // namespace
}  // namespace schedules::api
