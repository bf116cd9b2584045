#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

http::Request request_from(std::string host, std::string origin = "") {
  http::Request request;
  request.headers.emplace_back("Host", std::move(host));
  if (!origin.empty()) request.headers.emplace_back("Origin", std::move(origin));
  return request;
}

TEST(Auth, KnowsLoopbackHosts) {
  for (const std::string_view host : {"localhost", "LOCALHOST:8480", "127.0.0.1", "127.9.8.7:1", "[::1]", "[::1]:8480"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (const std::string_view host : {"", "example.com", "localhost.example.com", "10.0.0.1", "127.0.0.1.nip.io", "[::2]", "0.0.0.0",
                                      "127.1", "2130706433"})
    EXPECT_FALSE(is_loopback_host(host)) << host;
}

TEST(Auth, WithoutAuthenticationAForeignHostIsRefused) {
  const auto auth = Auth::create({});
  EXPECT_TRUE(auth->check(request_from("127.0.0.1:8480"), Role::superuser, {}));
  EXPECT_FALSE(auth->check(request_from("evil.example:8480"), Role::anyone, {}));
  EXPECT_FALSE(auth->check(http::Request{}, Role::anyone, {}));
}

TEST(Auth, WithoutAuthenticationAForeignOriginIsRefused) {
  const auto auth = Auth::create({.keys = {}, .cors_origins = {"http://admin.local"}});
  EXPECT_TRUE(auth->check(request_from("localhost:8480", "http://localhost:8480"), Role::superuser, {}));
  EXPECT_TRUE(auth->check(request_from("localhost:8480", "http://admin.local"), Role::superuser, {}));
  for (const std::string origin : {"http://evil.example", "http://localhost:3000", "null", "http://localhost:8480.evil.example"})
    EXPECT_FALSE(auth->check(request_from("localhost:8480", origin), Role::reader, {})) << origin;
}

TEST(Auth, AStarOriginDoesNotOpenALocalServer) {
  const auto auth = Auth::create({.keys = {}, .cors_origins = {"*"}});
  EXPECT_FALSE(auth->check(request_from("localhost", "http://evil.example"), Role::reader, {}));
}

// Token mode through the whole API.
struct AuthRoutes : testing::Test {
  Fixture fixture{AuthOptions{.mode = AuthOptions::Mode::token, .keys = {.algorithm = "HS512", .secret = "secret", .public_keys = {}},
                              .cors_origins = {"https://admin.example.com"}}};

  http::Response as(std::string_view role, http::Method method, std::string path, std::string body = {}) {
    http::Fields headers{{"Host", "schedules.example.com"}};
    if (!role.empty()) {
      const TokenRequest wanted{.role = std::string(role), .subject = "u1"};
      headers.emplace_back("Authorization", "Bearer " + issue_token("secret", wanted, fixture.clock.now));
    }
    return fixture.call(method, std::move(path), std::move(body), std::move(headers));
  }
};

TEST_F(AuthRoutes, WithoutATokenIs401) {
  const auto response = as("", http::Method::get, "/api/v1/events");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(header_of(response, "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(as("", http::Method::get, "/api/v1/admin/schedules").status, 401);
}

TEST_F(AuthRoutes, ABadTokenIs403) {
  const auto response = fixture.call(http::Method::get, "/api/v1/events", "", {{"Authorization", "Bearer nonsense"}});
  EXPECT_EQ(response.status, 403);
  EXPECT_NE(response.body.find("Could not validate credentials"), std::string::npos);
}

TEST_F(AuthRoutes, EachRoleMayDoItsPart) {
  for (const std::string_view role : {"reader", "user", "producer", "superuser"}) {
    EXPECT_EQ(as(role, http::Method::get, "/api/v1/events").status, 200) << role;
    EXPECT_EQ(as(role, http::Method::get, "/api/v1/admin/schedules").status, 200) << role;
    const bool produces = role == "producer" || role == "superuser";
    EXPECT_EQ(as(role, http::Method::post, "/api/v1/events", event_json()).status, produces ? 201 : 403) << role;
    EXPECT_EQ(as(role, http::Method::post, "/api/v1/admin/schedules", "{}").status, role == "superuser" ? 422 : 403) << role;
  }
  EXPECT_EQ(as("janitor", http::Method::get, "/api/v1/events").status, 403);
}

TEST_F(AuthRoutes, HealthNeedsNoToken) {
  for (const std::string path : {"/healthz", "/readyz", "/metrics", "/docs", "/api/v1/admin/schedules/monitoring/health"})
    EXPECT_EQ(as("", http::Method::get, path).status, 200) << path;
  EXPECT_EQ(as("", http::Method::post, "/api/v1/admin/schedules/monitoring/sync").status, 401);
}

TEST_F(AuthRoutes, MonitoringCanBeClosed) {
  Fixture closed{AuthOptions{.mode = AuthOptions::Mode::token, .keys = {.algorithm = "HS512", .secret = "secret", .public_keys = {}},
                             .open_monitoring = false}};
  EXPECT_EQ(closed.get("/metrics").status, 401);
  EXPECT_EQ(closed.get("/healthz").status, 200);
}

TEST_F(AuthRoutes, TheSubjectIsKeptAsCreator) {
  const auto response = as("superuser", http::Method::post, "/api/v1/admin/schedules",
                           R"({"name":"n","event_type":"t","event_action":"a","cron_expression":"* * * * *"})");
  EXPECT_EQ(response.status, 201);
  EXPECT_NE(response.body.find(R"("created_by":"u1")"), std::string::npos);
}

TEST_F(AuthRoutes, AnAllowedOriginMayReadAnswersAndPreflights) {
  const auto preflight = fixture.call(http::Method::options, "/api/v1/events", "",
                                      {{"Origin", "https://admin.example.com"}, {"Access-Control-Request-Headers", "X-Y"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(header_of(preflight, "Access-Control-Allow-Origin"), "https://admin.example.com");
  EXPECT_EQ(header_of(preflight, "Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(header_of(preflight, "Access-Control-Allow-Headers"), "X-Y");
  const auto refused = fixture.call(http::Method::get, "/api/v1/events", "", {{"Origin", "https://admin.example.com"}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(header_of(refused, "Access-Control-Allow-Origin"), "https://admin.example.com");
}

TEST_F(AuthRoutes, AnotherOriginGetsNoLeave) {
  const auto response = fixture.call(http::Method::options, "/api/v1/events", "", {{"Origin", "https://evil.example"}});
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Methods"), "");
}

}  // namespace
}  // namespace schedules::api
