#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

constexpr std::string_view kPath = "/api/v1/admin/schedules";

struct ScheduleRoutes : ::testing::Test {
  Fixture fixture;

  static std::string path(std::string_view more = "") { return fmt::format("{}{}", kPath, more); }
  static std::string body_with(std::string_view name, std::string_view more = R"("cron_expression":"0 9 * * *")") {
    return fmt::format(R"({{"name":"{}","event_type":"report","event_action":"make"{}{}}})", name,
                       more.empty() ? "" : ",", more);
  }
  std::string create(std::string_view name, std::string_view more = R"("cron_expression":"0 9 * * *")") {
    const auto response = fixture.post(path(), body_with(name, more));
    EXPECT_EQ(response.status, 201) << response.body;
    return member(response, "id");
  }
  Schedule& stored(const std::string& id) { return fixture.schedules.stored.at(id); }
  http::Response put(const std::string& id, std::string body, http::Fields headers = {}) {
    return fixture.call(http::Method::put, path("/" + id), std::move(body), std::move(headers));
  }
  static std::string member(const http::Response& response, std::string_view key) {
    json::Document document;
    EXPECT_TRUE(document.read(response.body)) << response.body;
    const auto* value = document.find(key);
    return value == nullptr ? "(none)" : std::string(value->text);
  }
  static size_t count(const http::Response& response) {
    json::Document document;
    EXPECT_TRUE(document.read(response.body)) << response.body;
    return document.members().size();
  }
};

TEST_F(ScheduleRoutes, CreateAnswersTheContractsFields) {
  const auto response = fixture.post(path(), body_with("n"));
  EXPECT_EQ(response.status, 201);
  for (const std::string_view field : {"id",
                                       "name",
                                       "description",
                                       "event_type",
                                       "event_action",
                                       "event_entity_id",
                                       "event_payload",
                                       "actor_type",
                                       "actor_id",
                                       "cron_expression",
                                       "one_time",
                                       "execution_time",
                                       "timezone",
                                       "max_retries",
                                       "retry_delay_seconds",
                                       "tags",
                                       "event_correlation_id",
                                       "event_headers",
                                       "enabled",
                                       "topic",
                                       "priority",
                                       "status",
                                       "last_execution",
                                       "next_execution",
                                       "last_status",
                                       "execution_count",
                                       "error_count",
                                       "last_error",
                                       "created_at",
                                       "updated_at",
                                       "created_by"})
    EXPECT_NE(member(response, field), "(none)") << field;
  EXPECT_EQ(member(response, "status"), "active");
  EXPECT_EQ(member(response, "actor_id"), "scheduler");
}

TEST_F(ScheduleRoutes, CreateTakesEveryFieldOfOurs) {
  const auto id =
      create("n", R"("every_seconds":90.5,"start_at":"2026-02-01T00:00:00Z","end_at":1800000000,"max_count":5,
    "jitter_seconds":2,"dst_gap":"skip","dst_overlap":"both","catch_up":"all","catch_up_window":60,"catch_up_max":7,
    "catch_up_rate":0.5,"late_after":3,"overlap":"max_parallel","overlap_limit":2,"max_runtime":9,"target":{"type":"log"},
    "priority":3,"topic":"x","max_delay_seconds":4,"note":"why","event_payload":{"a":1},"event_headers":{"h":"v","n":5},
    "event_correlation_id":"c","tags":["a"],"description":"d","event_entity_id":"e")");
  const Schedule& schedule = stored(id);
  EXPECT_EQ(schedule.every, std::chrono::milliseconds(90'500));
  EXPECT_EQ(schedule.end_at, from_micros(1'800'000'000'000'000));
  EXPECT_EQ(schedule.max_count, 5U);
  EXPECT_EQ(schedule.dst_gap, DstGap::skip);
  EXPECT_EQ(schedule.dst_overlap, DstOverlap::both);
  EXPECT_EQ(schedule.catch_up, CatchUp::all);
  EXPECT_EQ(schedule.catch_up_rate, 0.5);
  EXPECT_EQ(schedule.overlap, Overlap::max_parallel);
  EXPECT_EQ(schedule.max_runtime, std::chrono::seconds(9));
  EXPECT_EQ(schedule.target.kind, TargetKind::log);
  EXPECT_EQ(schedule.max_delay, std::chrono::seconds(4));
  EXPECT_EQ(schedule.event_payload, R"({"a":1})");
  EXPECT_EQ(schedule.event_headers, (Headers{{"h", "v"}, {"n", "5"}}));
}

TEST_F(ScheduleRoutes, AlertsAreShownAsTheyWereSaidAndNullClearsThem) {
  const auto id =
      create("n", R"("cron_expression":"* * * * *","alerts":{"on":["silence"],"grace_seconds":60,"url":null})");
  EXPECT_EQ(stored(id).alerts,
            (AlertPolicy{.on = AlertKinds{.failure = false, .silence = true}, .grace = std::chrono::seconds(60)}));
  EXPECT_EQ(member(fixture.get(path("/" + id)), "alerts"), R"({"on":["silence"],"grace_seconds":60})");
  EXPECT_EQ(put(id, R"({"alerts":null})").status, 200);
  EXPECT_EQ(stored(id).alerts, AlertPolicy{});
  EXPECT_EQ(put(id, R"({"alerts":{"on":["noise"]}})").status, 422);
}

TEST_F(ScheduleRoutes, CreateTakesLegacyNamesAndLooseNumbers) {
  const auto id = create(
      "n", R"("cron_expression":"* * * * *","retry_delay":"7","max_retries":"2","enabled":"false","colour":"red")");
  EXPECT_EQ(stored(id).retry_delay, std::chrono::seconds(7));
  EXPECT_EQ(stored(id).max_retries, 2U);
  EXPECT_EQ(stored(id).status, ScheduleStatus::paused);
}

TEST_F(ScheduleRoutes, AOneTimeOneNeedsItsTimeAndNoCron) {
  EXPECT_EQ(stored(create("a", R"("one_time":true,"execution_time":"2026-03-01T00:00:00")")).one_time, true);
  EXPECT_EQ(fixture.post(path(), body_with("b", R"("one_time":true)")).status, 422);
  EXPECT_EQ(
      fixture
          .post(path(),
                body_with("c",
                          R"("one_time":true,"execution_time":"2026-03-01T00:00:00Z","cron_expression":"* * * * *")"))
          .status,
      422);
  EXPECT_EQ(
      stored(create("d", R"("one_time":true,"execution_time":"2026-03-01T00:00:00Z","cron_expression":null)")).one_time,
      true);
}

TEST_F(ScheduleRoutes, CreateRefusesInTheContractsForm) {
  const auto missing = fixture.post(path(), R"({"name":"n"})");
  EXPECT_EQ(missing.status, 422);
  EXPECT_NE(missing.body.find(R"({"type":"missing","loc":["body","event_type"])"), std::string::npos) << missing.body;
  const auto cron = fixture.post(path(), body_with("n", R"("cron_expression":"nonsense")"));
  EXPECT_NE(cron.body.find(R"("loc":["body","cron_expression"],"msg":"cannot be read","input":"nonsense")"),
            std::string::npos)
      << cron.body;
  EXPECT_EQ(fixture.post(path(), "{").status, 422);
  EXPECT_EQ(fixture.post(path(), "[]").status, 422);
}

class ScheduleFault : public ScheduleRoutes, public ::testing::WithParamInterface<std::string> {};

TEST_P(ScheduleFault, Is422) {
  const auto response =
      fixture.post(path(), body_with("n", fmt::format(R"("cron_expression":"* * * * *",{})", GetParam())));
  EXPECT_EQ(response.status, 422) << GetParam();
  const std::string field = GetParam().substr(1, GetParam().find('"', 1) - 1);
  EXPECT_NE(response.body.find(fmt::format(R"("loc":["body","{}")", field)), std::string::npos) << response.body;
}

INSTANTIATE_TEST_SUITE_P(Fields, ScheduleFault,
                         ::testing::Values(R"("description":5)", R"("event_payload":"text")", R"("event_payload":[1])",
                                           R"("max_retries":-1)", R"("max_retries":"x")", R"("max_retries":101)",
                                           R"("retry_delay_seconds":-1)", R"("tags":"x")", R"("tags":[1])",
                                           R"("one_time":"maybe")", R"("execution_time":"soon")", R"("timezone":"")",
                                           R"("priority":10)", R"("every_seconds":0.5)", R"("jitter_seconds":-1)",
                                           R"("dst_gap":"jump")", R"("dst_overlap":"third")", R"("catch_up":"most")",
                                           R"("overlap":"x")", R"("overlap_limit":0)", R"("max_count":0)",
                                           R"("target":{"type":"fax"})", R"("max_delay_seconds":-1)",
                                           R"("event_headers":[])", R"("event_headers":{"a":"b\nc"})",
                                           R"("late_after":0)", R"("catch_up_rate":0)", R"("actor_type":5)",
                                           R"("event_entity_id":"a\u0000b")", R"("enabled":"perhaps")", R"("note":5)"));

TEST_F(ScheduleRoutes, ATakenNameIs409) {
  create("n");
  const auto response = fixture.post(path(), body_with("n"));
  EXPECT_EQ(response.status, 409);
  EXPECT_NE(response.body.find(R"("detail":"the name is taken")"), std::string::npos);
}

TEST_F(ScheduleRoutes, IdsAreHexOrUuid) {
  EXPECT_EQ(fixture.get(path("/65f0c0ffee0123456789abcd")).status, 404);
  EXPECT_EQ(fixture.get(path("/7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968")).status, 404);
  EXPECT_EQ(fixture.get(path("/xyz")).status, 422);
  EXPECT_EQ(fixture.get(path("/" + create("n"))).status, 200);
}

TEST_F(ScheduleRoutes, PutChangesOnlyWhatIsGiven) {
  const auto id = create("n", R"("cron_expression":"0 9 * * *","description":"d","tags":["a"])");
  const auto response = put(id, R"({"description":null,"priority":4})");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(header_of(response, "ETag"), "\"2\"");
  EXPECT_EQ(stored(id).description, std::nullopt);
  EXPECT_EQ(stored(id).priority, 4);
  EXPECT_EQ(stored(id).tags, std::vector<std::string>{"a"});
  EXPECT_EQ(stored(id).cron_expression, "0 9 * * *");
}

TEST_F(ScheduleRoutes, PutOfANewRuleReplacesTheOldOne) {
  const auto id = create("n");
  put(id, R"({"every_seconds":60})");
  EXPECT_EQ(stored(id).cron_expression, std::nullopt);
  put(id, R"({"one_time":true,"execution_time":"2026-03-01T00:00:00Z"})");
  EXPECT_EQ(stored(id).every, std::nullopt);
  EXPECT_TRUE(stored(id).one_time);
  put(id, R"({"cron_expression":"0 1 * * *"})");
  EXPECT_EQ(stored(id).execution_time, std::nullopt);
  EXPECT_FALSE(stored(id).one_time);
}

TEST_F(ScheduleRoutes, PutOfStatusAndEnabled) {
  const auto id = create("n");
  put(id, R"({"status":"disabled"})");
  EXPECT_EQ(stored(id).status, ScheduleStatus::disabled);
  put(id, R"({"enabled":true})");
  EXPECT_EQ(stored(id).status, ScheduleStatus::active);
  EXPECT_EQ(put(id, R"({"status":"asleep"})").status, 422);
  EXPECT_EQ(put(id, R"({"name":null})").status, 422);
  EXPECT_EQ(put(id, R"({"name":""})").status, 422);
}

TEST_F(ScheduleRoutes, PutHonoursIfMatch) {
  const auto id = create("n");
  EXPECT_EQ(put(id, R"({"priority":1})", {{"If-Match", "\"7\""}}).status, 412);
  EXPECT_EQ(put(id, R"({"priority":1})", {{"If-Match", "\"1\""}}).status, 200);
  EXPECT_EQ(put("65f0c0ffee0123456789abcd", "{}").status, 404);
}

TEST_F(ScheduleRoutes, DeleteIs204AndThen404) {
  const auto id = create("n");
  EXPECT_EQ(fixture.call(http::Method::del, path("/" + id)).status, 204);
  EXPECT_EQ(fixture.call(http::Method::del, path("/" + id)).status, 404);
}

TEST_F(ScheduleRoutes, ListIsFilteredAndPaged) {
  for (const std::string_view name : {"a", "b", "c"}) create(name);
  create("d", R"("cron_expression":"* * * * *","enabled":false)");
  EXPECT_EQ(count(fixture.get(path())), 4U);
  EXPECT_EQ(count(fixture.get(path("/?skip=1&limit=2"))), 2U);
  EXPECT_EQ(count(fixture.get(path("?status_filter=paused"))), 1U);
  EXPECT_EQ(count(fixture.get(path("?enabled=false"))), 1U);
  EXPECT_EQ(count(fixture.get(path("?enabled=false&skip=1"))), 0U);
  EXPECT_EQ(count(fixture.get(path("?enabled=true"))), 3U);
  EXPECT_EQ(count(fixture.get(path("?event_type=other"))), 0U);
  EXPECT_EQ(count(fixture.get(path("?unknown=1"))), 4U);
  for (const std::string query : {"?limit=0", "?limit=1001", "?skip=-1", "?status_filter=x", "?enabled=x"})
    EXPECT_EQ(fixture.get(path(query)).status, 422) << query;
}

TEST_F(ScheduleRoutes, ListIsSortedByAParameter) {
  create("a");
  EXPECT_EQ(fixture.get(path()).status, 200);
  EXPECT_EQ(fixture.schedules.asked.order, ScheduleOrder::created_at);
  EXPECT_FALSE(fixture.schedules.asked.descending);
  EXPECT_EQ(fixture.get(path("?sort=-next_execution")).status, 200);
  EXPECT_EQ(fixture.schedules.asked.order, ScheduleOrder::next_execution);
  EXPECT_TRUE(fixture.schedules.asked.descending);
  EXPECT_EQ(fixture.get(path("?sort=error_count")).status, 200);
  EXPECT_EQ(fixture.schedules.asked.order, ScheduleOrder::error_count);
  EXPECT_FALSE(fixture.schedules.asked.descending);
  for (const std::string query : {"?sort=x", "?sort=-", "?sort=--name", "?sort=name,created_at"}) {
    const auto response = fixture.get(path(query));
    EXPECT_EQ(response.status, 422) << query;
    EXPECT_NE(response.body.find(R"(["query","sort"])"), std::string::npos) << response.body;
  }
}

TEST_F(ScheduleRoutes, ListCountsWhereAskedTo) {
  for (const std::string_view name : {"a", "b", "c"}) create(name);
  create("d", R"("cron_expression":"* * * * *","enabled":false)");
  const auto total = [&](std::string_view query) -> std::string {
    const auto response = fixture.get(path(query));
    for (const auto& [name, value] : response.headers)
      if (name == "X-Total-Count") return value;
    return "none";
  };
  EXPECT_EQ(total(""), "none");
  EXPECT_EQ(total("?total=false"), "none");
  EXPECT_EQ(total("?total=true&limit=1&skip=2"), "4");
  EXPECT_EQ(total("?total=true&enabled=true"), "3");
  EXPECT_EQ(total("?total=true&enabled=false"), "1");
  EXPECT_EQ(total("?total=true&event_type=other"), "0");
  EXPECT_EQ(fixture.get(path("?total=x")).status, 422);
}

TEST_F(ScheduleRoutes, VerbsChangeTheStatus) {
  const auto id = create("n");
  EXPECT_EQ(member(fixture.post(path("/" + id + "/toggle")), "status"), "paused");
  EXPECT_EQ(member(fixture.post(path("/" + id + "/toggle")), "status"), "active");
  EXPECT_EQ(member(fixture.post(path("/" + id + "/deactivate")), "enabled"), "false");
  EXPECT_EQ(member(fixture.post(path("/" + id + "/activate/")), "status"), "active");
  EXPECT_EQ(fixture.post(path("/" + id + "/execute")).status, 200);
  EXPECT_EQ(fixture.schedules.executed, std::vector<std::string>{id});
  for (const std::string verb : {"toggle", "activate", "deactivate", "execute"})
    EXPECT_EQ(fixture.post(path("/65f0c0ffee0123456789abcd/" + verb)).status, 404) << verb;
}

TEST_F(ScheduleRoutes, BulkCountsWhatItMatchedAndChanged) {
  const auto a = create("a");
  const auto b = create("b", R"("cron_expression":"* * * * *","enabled":false)");
  const auto ids = fmt::format(R"(["{}","{}","{}","65f0c0ffee0123456789abcd"])", a, b, b);
  EXPECT_EQ(fixture.post(path("/bulk/activate"), ids).body, R"({"matched_count":2,"modified_count":1})");
  EXPECT_EQ(fixture.post(path("/bulk/deactivate"), ids).body, R"({"matched_count":2,"modified_count":2})");
  EXPECT_EQ(fixture.post(path("/bulk/activate"), "[]").body, R"({"matched_count":0,"modified_count":0})");
  for (const std::string body : {"{}", "5", "[5]", R"(["x"])"})
    EXPECT_EQ(fixture.post(path("/bulk/activate"), body).status, 422) << body;
}

TEST_F(ScheduleRoutes, ExecutionsAndFiguresAreShown) {
  const auto id = create("n");
  Execution execution;
  execution.id = "e1";
  execution.schedule_id = id;
  execution.status = RunStatus::failure;
  execution.error = "boom";
  execution.attempt = 3;
  fixture.executions.stored.push_back(execution);
  const auto list = fixture.get(path("/" + id + "/executions?limit=500&skip=0"));
  EXPECT_EQ(count(list), 1U);
  EXPECT_NE(list.body.find(R"("status":"failure")"), std::string::npos);
  EXPECT_NE(list.body.find(R"("retry_count":2)"), std::string::npos);
  EXPECT_EQ(fixture.get(path("/" + id + "/executions?limit=501")).status, 422);
  EXPECT_EQ(fixture.get(path("/65f0c0ffee0123456789abcd/executions")).status, 404);
  const auto stats = fixture.get(path("/" + id + "/stats"));
  EXPECT_EQ(member(stats, "success_rate"), "0.75");
  EXPECT_EQ(member(stats, "last_execution"), "null");
  EXPECT_EQ(fixture.get(path("/active/due")).body, "[]");
}

TEST_F(ScheduleRoutes, PreviewExplainsWhatMoves) {
  const auto response =
      fixture.get("/api/v1/schedules/preview?expr=30%202%20*%20*%20*&tz=Europe/Berlin&n=2&after=2026-03-28T12:00:00Z");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_NE(response.body.find(R"("at":"2026-03-29T01:00:00.000000Z","local":"2026-03-29T03:00:00.000000+02:00")"),
            std::string::npos)
      << response.body;
  EXPECT_NE(response.body.find(R"("adjustment":"moved_out_of_gap")"), std::string::npos);
}

TEST_F(ScheduleRoutes, PreviewNamesTheFault) {
  const auto cron = fixture.get("/api/v1/schedules/preview?expr=61%20*%20*%20*%20*");
  EXPECT_EQ(cron.status, 422);
  EXPECT_NE(cron.body.find(R"("field":"expr","code":"invalid_cron")"), std::string::npos) << cron.body;
  EXPECT_NE(fixture.get("/api/v1/schedules/preview?expr=@daily&tz=Nowhere").body.find(R"("field":"tz")"),
            std::string::npos);
  EXPECT_EQ(fixture.get("/api/v1/schedules/preview").status, 422);
  EXPECT_EQ(fixture.get("/api/v1/schedules/preview?expr=@daily&n=1001").status, 422);
}

}  // namespace
}  // namespace schedules::api
