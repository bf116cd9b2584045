#include <gtest/gtest.h>

#include "store/analytics_store.h"
#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

struct FakeAnalytics final : AnalyticsStore {
  std::vector<AnalyticsRecord> posted;
  std::vector<AnalyticsFilter> asked;
  std::vector<AnalyticsGroup> groups{{"",
                                      {.total = 4,
                                       .info = 2,
                                       .warning = 1,
                                       .error = 1,
                                       .succeeded = 2,
                                       .processed = 3,
                                       .mean_processing_ms = 1.5,
                                       .mean_queue_ms = 2.5}}};
  std::optional<Error> failure;

  void post_records(std::vector<AnalyticsRecord> records, Done<void> done) override {
    if (failure) return done(fail(*failure));
    for (auto& record : records) posted.push_back(std::move(record));
    done({});
  }
  void find_records(AnalyticsFilter filter, Done<std::vector<AnalyticsRecord>> done) override {
    asked.push_back(filter);
    if (failure) return done(fail(*failure));
    done(posted);
  }
  void figures(AnalyticsFilter filter, AnalyticsBy by, Done<std::vector<AnalyticsGroup>> done) override {
    asked.push_back(filter);
    if (by == AnalyticsBy::type) return done(std::vector<AnalyticsGroup>{{"redis_immediate", groups[0].figures}});
    done(groups);
  }
  void common_errors(AnalyticsFilter filter, Done<std::vector<ErrorPattern>> done) override {
    asked.push_back(filter);
    done(std::vector<ErrorPattern>{{"refused", 3, {}}});
  }
};

struct Analytics : ::testing::Test {
  FakeAnalytics analytics;
  struct Wired : Fixture {
    explicit Wired(FakeAnalytics& analytics, std::optional<RetentionCuts> cuts = {}, AuthOptions auth = {})
        : Fixture(auth),
          wired(
              [&] {
                auto with = deps();
                with.analytics = &analytics;
                if (cuts) with.retention = [cuts] { return *cuts; };
                return with;
              }(),
              {}, *Auth::create(std::move(auth))) {}
    Api wired;
    http::Response ask(http::Method method, std::string target, std::string body = {},
                       http::Fields headers = {{"Host", "127.0.0.1:8480"}}) {
      http::Request request;
      request.method = method;
      request.target = "/api/v1/admin/analytics" + target;
      request.body = std::move(body);
      request.headers = std::move(headers);
      request.request_id = "test-id";
      auto answer = std::make_shared<Answer>();
      wired.dispatch(std::move(request), http::Responder(answer));
      CHECK(answer->response);
      return *answer->response;
    }
    http::Response get(std::string target) { return ask(http::Method::get, std::move(target)); }
    http::Response post(std::string target, std::string body = {}) {
      return ask(http::Method::post, std::move(target), std::move(body));
    }
  };
  Wired fixture{analytics};

  static bool has(const http::Response& response, std::string_view text) {
    return response.body.find(text) != std::string::npos;
  }
};

constexpr std::string_view kMinimal =
    R"("schedule_type":"mongo_periodic","schedule_id":"s","event_type":"order","event_action":"paid",)"
    R"("correlation_id":"c","scheduled_at":"2026-01-05T07:00:00","started_processing_at":"2026-01-05T07:59:59.250Z")";
constexpr std::string_view kShort =
    "?schedule_id=s&correlation_id=c&event_type=order&event_action=paid&scheduled_at=2026-01-05T07:00:00Z"
    "&started_processing_at=2026-01-05T07:59:58Z";

TEST_F(Analytics, WhatIsLeftOutIsFilledIn) {
  const auto response = fixture.post("", fmt::format("{{{}}}", kMinimal));
  EXPECT_EQ(response.status, 201) << response.body;
  ASSERT_EQ(analytics.posted.size(), 1U);
  const auto& record = analytics.posted[0];
  EXPECT_TRUE(is_uuid4(record.id));
  EXPECT_EQ(record.type, ScheduleType::mongo_periodic);
  EXPECT_EQ(record.level, AnalyticsLevel::info);
  EXPECT_EQ(record.result, AnalyticsResult::success);
  EXPECT_EQ(record.completed_at, fixture.clock.now);
  EXPECT_EQ(record.processing, std::chrono::milliseconds(750));
  EXPECT_TRUE(has(response, R"("scheduled_at":"2026-01-05T07:00:00.000000Z")")) << "without a zone it is UTC";
  EXPECT_TRUE(has(response, R"("total_processing_time_ms":750,)"));
  EXPECT_TRUE(has(response, record.id));
}

TEST_F(Analytics, EveryFieldIsKept) {
  const auto body = fmt::format(
      R"({{{},"schedule_name":"n","level":"warning","event_entity_id":"e","completed_at":"2026-01-05T07:59:59.500Z",)"
      R"("time_in_mongo_queue_ms":1,"time_in_clickhouse_queue_ms":2,"time_in_redis_queue_ms":3,)"
      R"("total_processing_time_ms":4,"kafka_publish_time_ms":5,"execution_result":"RETRY","retry_count":6,)"
      R"("error_message":"bad\nworse","processed_by_node":"node","kafka_topic":"t","kafka_partition":7,)"
      R"("kafka_offset":9223372036854775807,"source_mongo_execution_id":"m","source_clickhouse_id":"ch",)"
      R"("source_redis_key":"r","unknown":[1]}})",
      kMinimal);
  const auto response = fixture.post("", body);
  EXPECT_EQ(response.status, 201) << response.body;
  for (const std::string_view part :
       {R"("schedule_name":"n")", R"("level":"warning")", R"("event_entity_id":"e")", R"("time_in_mongo_queue_ms":1,)",
        R"("time_in_clickhouse_queue_ms":2,)", R"("time_in_redis_queue_ms":3,)", R"("total_processing_time_ms":4,)",
        R"("kafka_publish_time_ms":5,)", R"("execution_result":"retry")", R"("retry_count":6,)",
        R"("error_message":"bad\nworse")", R"("processed_by_node":"node")", R"("kafka_topic":"t")",
        R"("kafka_partition":7,)", R"("kafka_offset":9223372036854775807,)", R"("source_mongo_execution_id":"m")",
        R"("source_clickhouse_id":"ch")", R"("source_redis_key":"r")"}) {
    EXPECT_TRUE(has(response, part)) << part << " in " << response.body;
  }
}

TEST_F(Analytics, EachFaultIsToldWithItsPlace) {
  const auto empty = fixture.post("", "{}");
  EXPECT_EQ(empty.status, 422);
  for (const std::string_view name : {"schedule_type", "schedule_id", "event_type", "event_action", "correlation_id",
                                      "scheduled_at", "started_processing_at"}) {
    EXPECT_TRUE(has(empty, fmt::format(R"("loc":["body","{}"])", name))) << empty.body;
  }
  for (const std::string_view bad : {R"("schedule_type":"weekly")", R"("level":"fatal")", R"("execution_result":"won")",
                                     R"("kafka_partition":-1)", R"("kafka_offset":1.5)", R"("retry_count":"3")",
                                     R"("completed_at":"soon")", R"("total_processing_time_ms":-1)"}) {
    const auto members = std::string(kMinimal).substr(std::string_view(R"("schedule_type":"mongo_periodic",)").size());
    const bool type = bad.starts_with(R"("schedule_type")");
    const auto body = fmt::format("{{{}{},{}}}", type ? "" : R"("schedule_type":"mongo_periodic",)", members, bad);
    const auto response = fixture.post("", body);
    EXPECT_EQ(response.status, 422) << bad;
    const auto name = bad.substr(1, bad.find(':') - 2);
    EXPECT_TRUE(has(response, fmt::format(R"("loc":["body","{}"])", name))) << response.body;
  }
  EXPECT_TRUE(analytics.posted.empty());
}

TEST_F(Analytics, TheShortFormsNameTheirType) {
  const auto mongo = fixture.post(fmt::format("/mongo/execution{}&retry_count=2&source_mongo_execution_id=m", kShort));
  EXPECT_EQ(mongo.status, 201) << mongo.body;
  EXPECT_EQ(mongo.body, fmt::format("\"{}\"", analytics.posted.at(0).id));
  EXPECT_EQ(
      fixture.post(fmt::format("/clickhouse/transfer{}&time_in_clickhouse_queue_ms=70&source_clickhouse_id=x", kShort))
          .status,
      201);
  EXPECT_EQ(
      fixture
          .post(fmt::format("/redis/processing{}&kafka_topic=t&kafka_partition=1&kafka_offset=2&kafka_publish_time_ms=3"
                            "&time_in_redis_queue_ms=4&source_redis_key=k&execution_result=FAILURE&error_message=no",
                            kShort))
          .status,
      201);
  const auto& kept = analytics.posted;
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].type, ScheduleType::mongo_periodic);
  EXPECT_EQ(kept[0].retry_count, 2U);
  EXPECT_EQ(kept[0].mongo_execution_id, "m");
  EXPECT_EQ(kept[0].processing, std::chrono::seconds(2));
  EXPECT_EQ(kept[1].type, ScheduleType::clickhouse_delayed);
  EXPECT_EQ(kept[1].clickhouse_queue, std::chrono::milliseconds(70));
  EXPECT_EQ(kept[1].clickhouse_id, "x");
  EXPECT_EQ(kept[2].type, ScheduleType::redis_immediate);
  EXPECT_EQ(kept[2].topic, "t");
  EXPECT_EQ(kept[2].offset, 2);
  EXPECT_EQ(kept[2].publish, std::chrono::milliseconds(3));
  EXPECT_EQ(kept[2].redis_queue, std::chrono::milliseconds(4));
  EXPECT_EQ(kept[2].result, AnalyticsResult::failure);
  EXPECT_EQ(kept[2].level, AnalyticsLevel::error) << "a failure is an error";
  EXPECT_EQ(kept[2].error, "no");
}

TEST_F(Analytics, AShortFormNeedsItsBase) {
  const auto response = fixture.post("/mongo/execution?execution_result=odd&retry_count=x");
  EXPECT_EQ(response.status, 422);
  for (const std::string_view name : {"schedule_id", "correlation_id", "event_type", "event_action", "scheduled_at",
                                      "started_processing_at", "execution_result", "retry_count"}) {
    EXPECT_TRUE(has(response, fmt::format(R"("loc":["query","{}"])", name))) << name << " in " << response.body;
  }
}

TEST_F(Analytics, ListsAskForWhatThePathSays) {
  EXPECT_EQ(fixture.get("/schedule/s%27x?limit=7&level=error").status, 200);
  EXPECT_EQ(analytics.asked.back().schedule_id, "s'x");
  EXPECT_EQ(analytics.asked.back().limit, 7U);
  EXPECT_EQ(analytics.asked.back().level, AnalyticsLevel::error);
  EXPECT_EQ(fixture.get("/level/info?end_time=2026-01-05T07:00:00Z").status, 200);
  EXPECT_EQ(analytics.asked.back().limit, 1000U);
  EXPECT_EQ(*analytics.asked.back().to, fixture.clock.now - std::chrono::hours(1) + Duration(1))
      << "the end belongs to it";
  EXPECT_EQ(fixture.get("/event-type/order?start_time=2026-01-05T07:00:00Z").status, 200);
  EXPECT_EQ(analytics.asked.back().event_type, "order");
  EXPECT_EQ(*analytics.asked.back().from, fixture.clock.now - std::chrono::hours(1));
  EXPECT_EQ(fixture.get("/level/fatal").status, 422);
  EXPECT_TRUE(has(fixture.get("/level/fatal"), R"("loc":["path","level"])"));
  EXPECT_EQ(fixture.get("/schedule/s?limit=1001").status, 422);
  EXPECT_EQ(fixture.get("/level/info?limit=5001").status, 422);
}

TEST_F(Analytics, ATimeRangeHasTwoEndsAndSevenDays) {
  const auto range = [&](std::string_view from, std::string_view to) {
    return fixture.get(
        fmt::format("/time-range?start_time=2026-01-{}T00:00:00Z&end_time=2026-01-{}T00:00:00Z", from, to));
  };
  EXPECT_EQ(range("01", "08").status, 200);
  EXPECT_EQ(range("01", "09").status, 400);
  EXPECT_EQ(range("02", "02").status, 400);
  EXPECT_EQ(range("02", "01").status, 400);
  EXPECT_TRUE(has(range("02", "01"), R"({"detail":"end_time must be after start_time")")) << range("02", "01").body;
  const auto missing = fixture.get("/time-range");
  EXPECT_EQ(missing.status, 422);
  EXPECT_TRUE(has(missing, R"("loc":["query","end_time"])"));
}

TEST_F(Analytics, FiguresHaveTheContractsKeys) {
  EXPECT_EQ(fixture.get("/stats").body,
            R"({"total_records":4,"info_count":2,"warning_count":1,"error_count":1,"avg_execution_time":1.5,)"
            R"("avg_queue_time":2.5,"success_rate":0.5,"most_common_errors":[{"error_message":"refused","count":3,)"
            R"("last_at":"1970-01-01T00:00:00.000000Z"}]})");
  analytics.groups[0].key = "order";
  EXPECT_TRUE(has(fixture.get("/errors/patterns?hours_back=2"),
                  R"({"total_errors":1,"error_types":{"order":1},"schedule_errors":{"order":1},"time_range":)"
                  R"({"start":"2026-01-05T06:00:00.000000Z","end":"2026-01-05T08:00:00.000000Z"}})"));
  const auto health = fixture.get("/health/system");
  EXPECT_TRUE(has(health, R"("period_hours":1,"overall_statistics":{"total_records":4)")) << health.body;
  EXPECT_TRUE(has(
      health, R"("mongo_periodic":{"total_executions":0,"success_count":0,"failure_count":0,"avg_processing_time":0)"));
  EXPECT_TRUE(
      has(health,
          R"("redis_immediate":{"total_executions":4,"success_count":2,"failure_count":1,"avg_processing_time":1.5})"));
  for (const std::string_view path : {"/stats?hours_back=169", "/stats?hours_back=0", "/errors/patterns?hours_back=x",
                                      "/performance/schedule/s?hours_back=169", "/health/system?hours_back=25"}) {
    EXPECT_EQ(fixture.get(std::string(path)).status, 422) << path;
  }
}

TEST_F(Analytics, PerformanceTellsRecentErrors) {
  ASSERT_EQ(fixture.post("", fmt::format(R"({{{},"error_message":"no","retry_count":2}})", kMinimal)).status, 201);
  const auto response = fixture.get("/performance/schedule/s");
  EXPECT_TRUE(has(response, R"({"schedule_id":"s","period_hours":24,"statistics":{"total_records":4)"))
      << response.body;
  EXPECT_TRUE(
      has(response,
          R"("recent_errors":[{"timestamp":"2026-01-05T08:00:00.000000Z","error_message":"no","retry_count":2}])"));
  EXPECT_EQ(analytics.asked.back().level, AnalyticsLevel::error);
  EXPECT_EQ(analytics.asked.back().schedule_id, "s");
}

TEST_F(Analytics, NothingOlderThanTheRetentionIsShown) {
  const TimePoint begin = fixture.clock.now - std::chrono::hours(2);
  Wired kept(analytics, RetentionCuts{.history = {}, .analytics = begin});
  for (const std::string_view path :
       {"/level/info?start_time=2020-01-01T00:00:00Z", "/schedule/s", "/stats", "/event-type/o"}) {
    EXPECT_EQ(kept.get(std::string(path)).status, 200);
    EXPECT_EQ(analytics.asked.back().from, begin) << path;
  }
  EXPECT_EQ(kept.get("/stats?hours_back=1").status, 200);
  EXPECT_EQ(analytics.asked.back().from, fixture.clock.now - std::chrono::hours(1));
}

TEST_F(Analytics, CleanupSaysWhatItDid) {
  const auto response = fixture.ask(http::Method::del, "/cleanup?days_to_keep=3");
  EXPECT_EQ(response.body,
            R"({"status":"success","deleted_count":0,"days_kept":3,"cleanup_time":"2026-01-05T08:00:00.000000Z"})");
  EXPECT_EQ(fixture.ask(http::Method::del, "/cleanup?days_to_keep=366").status, 422);
}

TEST_F(Analytics, AFailingStoreIsTold) {
  analytics.failure = Error{.code = Code::unavailable, .detail = "the store is away"};
  EXPECT_EQ(fixture.get("/schedule/s").status, 503);
  EXPECT_EQ(fixture.post("", fmt::format("{{{}}}", kMinimal)).status, 503);
  EXPECT_EQ(static_cast<Fixture&>(fixture).get("/api/v1/admin/analytics/stats").status, 503) << "no analytics at all";
}

TEST_F(Analytics, OnlySuperusersMayCall) {
  Wired guarded(analytics, {},
                AuthOptions{.mode = AuthOptions::Mode::token,
                            .keys = {.algorithm = "HS512", .secret = "secret", .public_keys = {}}});
  const auto as = [&](std::string_view role, std::string target) {
    http::Fields headers{{"Host", "schedules.example.com"}};
    const TokenRequest wanted{.role = std::string(role), .subject = "u1"};
    if (!role.empty())
      headers.emplace_back("Authorization", "Bearer " + issue_token("secret", wanted, guarded.clock.now));
    return guarded.ask(http::Method::get, std::move(target), "", headers).status;
  };
  for (const std::string path : {"/stats", "/level/info", "/errors/patterns", "/health/system", "/schedule/s"}) {
    EXPECT_EQ(as("", path), 401) << path;
    EXPECT_EQ(as("reader", path), 403) << path;
    EXPECT_EQ(as("producer", path), 403) << path;
    EXPECT_EQ(as("superuser", path), 200) << path;
  }
}

}  // namespace
}  // namespace schedules::api
