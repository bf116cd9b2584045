#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

using http::Method;

struct Routes : ::testing::Test {
  Router router;
  Routes() {
    for (const std::string pattern :
         {"/a", "/a/{id}", "/a/bulk", "/a/{id}/activate", "/a/bulk/activate", "/a/active/due", "/"})
      router.add({.method = Method::get, .pattern = pattern});
    router.add({.method = Method::post, .pattern = "/a/{id}"});
  }
  [[nodiscard]] std::string pattern_of(std::string_view path, Method method = Method::get) const {
    const auto match = router.find(method, path);
    return match.route == nullptr ? "" : match.route->pattern;
  }
};

TEST_F(Routes, LiteralsComeBeforeParameters) {
  EXPECT_EQ(pattern_of("/a/bulk/activate"), "/a/bulk/activate");
  EXPECT_EQ(pattern_of("/a/other/activate"), "/a/{id}/activate");
  EXPECT_EQ(pattern_of("/a/bulk"), "/a/bulk");
}

TEST_F(Routes, ALiteralThatLeadsNowhereIsAParameterAfterAll) {
  EXPECT_EQ(pattern_of("/a/active/activate"), "/a/{id}/activate");
  EXPECT_EQ(pattern_of("/a/active"), "/a/{id}");
}

TEST_F(Routes, ATrailingSlashDoesNotMatter) {
  EXPECT_EQ(pattern_of("/a/"), "/a");
  EXPECT_EQ(pattern_of("/a/x/"), "/a/{id}");
  EXPECT_EQ(pattern_of("/"), "/");
}

TEST_F(Routes, HeadIsGet) { EXPECT_EQ(pattern_of("/a", Method::head), "/a"); }

TEST_F(Routes, AnUnknownPathAllowsNothing) {
  EXPECT_TRUE(router.find(Method::get, "/b").allowed.empty());
  EXPECT_TRUE(router.find(Method::get, "/a/x/y/z").allowed.empty());
}

TEST_F(Routes, AnotherMethodIsToldWhatIsAllowed) {
  const auto match = router.find(Method::del, "/a/x");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allowed, (std::vector<Method>{Method::get, Method::head, Method::post, Method::options}));
}

TEST_F(Routes, AliasesServeTheSame) {
  router.alias("/a", "/z");
  EXPECT_EQ(pattern_of("/z/bulk/activate"), "/z/bulk/activate");
  EXPECT_EQ(router.find(Method::get, "/z/x").route->alias_of, "/a/{id}");
}

TEST(ApiRouting, UnknownPathsAre404InTheirForm) {
  Fixture fixture;
  const auto ours = fixture.get("/api/v1/nothing");
  EXPECT_EQ(ours.status, 404);
  EXPECT_EQ(ours.content_type, "application/problem+json");
  const auto contract = fixture.get("/api/v1/admin/nothing");
  EXPECT_EQ(contract.status, 404);
  EXPECT_EQ(contract.body, R"({"detail":"Not Found","code":"not_found","request_id":"test-id"})");
}

TEST(ApiRouting, AnotherMethodIs405WithAllow) {
  Fixture fixture;
  const auto response = fixture.call(Method::put, "/api/v1/events");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header_of(response, "Allow"), "POST, GET, HEAD, OPTIONS");
}

TEST(ApiRouting, ParametersAreDecodedAndChecked) {
  Fixture fixture;
  EXPECT_EQ(fixture.get("/api/v1/events/%zz").status, 422);
  EXPECT_EQ(fixture.get("/api/v1/events/%ff").status, 422);
  EXPECT_EQ(fixture.get("/api/v1/events/a%00b").status, 422);
  EXPECT_EQ(fixture.get("/api/v1/events/7f1c3f6e%2D9a54-4b0e-8f0e-1d2c3b4a5968").status, 404);
}

TEST(ApiRouting, AContentCodingIs415) {
  Fixture fixture;
  EXPECT_EQ(fixture.post("/api/v1/events", event_json(), {{"Content-Encoding", "gzip"}}).status, 415);
}

TEST(ApiRouting, MonitoringHasItsAliases) {
  Fixture fixture;
  for (const std::string prefix :
       {"/api/v1/admin/schedules/monitoring", "/api/v1/monitoring", "/api/v1/schedules/monitoring"})
    EXPECT_EQ(fixture.get(prefix + "/health").status, 200) << prefix;
}

}  // namespace
}  // namespace schedules::api
