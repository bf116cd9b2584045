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
  for (const std::string_view host : {"", "example.com", "localhost.example.com", "10.0.0.1", "127.0.0.1.nip.io",
                                      "[::2]", "0.0.0.0", "127.1", "2130706433"})
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
  for (const std::string origin :
       {"http://evil.example", "http://localhost:3000", "null", "http://localhost:8480.evil.example"})
    EXPECT_FALSE(auth->check(request_from("localhost:8480", origin), Role::reader, {})) << origin;
}

TEST(Auth, AStarOriginDoesNotOpenALocalServer) {
  const auto auth = Auth::create({.keys = {}, .cors_origins = {"*"}});
  EXPECT_FALSE(auth->check(request_from("localhost", "http://evil.example"), Role::reader, {}));
}

// Token mode through the whole API.
struct AuthRoutes : ::testing::Test {
  Fixture fixture{AuthOptions{.mode = AuthOptions::Mode::token,
                              .keys = {.algorithm = "HS512", .secret = "secret", .public_keys = {}},
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
    const int admin = role == "superuser" ? 200 : 403;  // the contract's /admin is for superusers, reads too
    EXPECT_EQ(as(role, http::Method::get, "/api/v1/admin/schedules").status, admin) << role;
    const bool produces = role == "producer" || role == "superuser";
    EXPECT_EQ(as(role, http::Method::post, "/api/v1/events", event_json()).status, produces ? 201 : 403) << role;
    EXPECT_EQ(as(role, http::Method::post, "/api/v1/admin/schedules", "{}").status, role == "superuser" ? 422 : 403)
        << role;
  }
  EXPECT_EQ(as("janitor", http::Method::get, "/api/v1/events").status, 403);
}

TEST_F(AuthRoutes, HealthNeedsNoToken) {
  for (const std::string path :
       {"/healthz", "/readyz", "/metrics", "/docs", "/api/v1/admin/schedules/monitoring/health"})
    EXPECT_EQ(as("", http::Method::get, path).status, 200) << path;
  EXPECT_EQ(as("", http::Method::post, "/api/v1/admin/schedules/monitoring/sync").status, 401);
}

TEST_F(AuthRoutes, MonitoringCanBeClosed) {
  Fixture closed{AuthOptions{.mode = AuthOptions::Mode::token,
                             .keys = {.algorithm = "HS512", .secret = "secret", .public_keys = {}},
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
  const auto preflight =
      fixture.call(http::Method::options, "/api/v1/events", "",
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

/// Users that the test names; answers at once, or when let go.
struct FakeUsers final : UserDirectory {
  std::map<std::string, User> users;
  std::optional<Error> failure;
  size_t asked = 0;
  bool hold = false;
  std::vector<Task> held;

  void find(std::string sub, Done<User> done) override {
    ++asked;
    auto answer = [this, sub, done = std::move(done)]() mutable {
      if (failure) return done(fail(*failure));
      const auto found = users.find(sub);
      if (found == users.end()) return done(fail(Code::not_found, "no such user"));
      done(found->second);
    };
    if (hold) return held.push_back(std::move(answer));
    answer();
  }
};

class StufioAuth : public ::testing::Test {
 protected:
  static constexpr const char* kBoss = "65f0c0ffee0123456789abcd";
  static constexpr const char* kUser = "65f0c0ffee0123456789abce";
  static constexpr const char* kGone = "65f0c0ffee0123456789abcf";

  StufioAuth() {
    users.users[kBoss] = {kBoss, true, true};
    users.users[kUser] = {kUser, true, false};
    users.users[kGone] = {kGone, false, true};
  }
  http::Response as(const std::string& sub, http::Method method, const std::string& path,
                    const std::string& body = {}) {
    const TokenRequest wanted{.role = "superuser", .subject = sub};  // the token's role must not count
    http::Fields headers{{"Authorization", "Bearer " + issue_token("secret", wanted, fixture.clock.now)}};
    return fixture.call(method, path, body, std::move(headers));
  }

  FakeUsers users;
  Fixture fixture{AuthOptions{.mode = AuthOptions::Mode::stufio,
                              .keys = {.algorithm = "HS512", .secret = "secret", .public_keys = {}},
                              .users = &users}};
  const std::string admin = "/api/v1/admin/schedules";
};

TEST_F(StufioAuth, EachKindOfCallerHasItsStatus) {
  EXPECT_EQ(as(kBoss, http::Method::get, admin).status, 200);
  EXPECT_EQ(as(kBoss, http::Method::post, admin, "{}").status, 422);
  const auto weak = as(kUser, http::Method::get, admin);
  EXPECT_EQ(weak.status, 400);
  EXPECT_NE(weak.body.find("The user doesn't have enough privileges"), std::string::npos);
  const auto inactive = as(kGone, http::Method::get, admin);
  EXPECT_EQ(inactive.status, 400);
  EXPECT_NE(inactive.body.find("Inactive user"), std::string::npos);
  EXPECT_EQ(as("65f0c0ffee0123456789abc0", http::Method::get, admin).status, 404);
  EXPECT_EQ(as("no object id", http::Method::get, admin).status, 404);
  const auto missing = fixture.get(admin);
  EXPECT_EQ(missing.status, 401);
  EXPECT_EQ(header_of(missing, "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(fixture.call(http::Method::get, admin, "", {{"Authorization", "Bearer x"}}).status, 403);
}

TEST_F(StufioAuth, AnActiveUserReadsEventsAndMakesNone) {
  EXPECT_EQ(as(kUser, http::Method::get, "/api/v1/events").status, 200);
  EXPECT_EQ(as(kUser, http::Method::post, "/api/v1/events", event_json()).status, 400);
  EXPECT_EQ(as(kBoss, http::Method::post, "/api/v1/events", event_json()).status, 201);
}

TEST_F(StufioAuth, OpenRoutesAskNobody) {
  EXPECT_EQ(fixture.get(admin + "/monitoring/health").status, 200);
  EXPECT_EQ(as(kGone, http::Method::get, "/healthz").status, 200);
  EXPECT_EQ(users.asked, 0U);
}

TEST_F(StufioAuth, AUserIsLookedUpOnceInAWhile) {
  as(kBoss, http::Method::get, admin);
  as(kBoss, http::Method::get, admin);
  EXPECT_EQ(users.asked, 1U);
  users.users[kBoss].is_superuser = false;
  fixture.clock.now += UserCache::kKeep;
  EXPECT_EQ(as(kBoss, http::Method::get, admin).status, 400);
  EXPECT_EQ(users.asked, 2U);
}

TEST_F(StufioAuth, AFailedLookUpIs503AndNotRemembered) {
  users.failure = Error{.code = Code::unavailable, .detail = "away"};
  EXPECT_EQ(as(kBoss, http::Method::get, admin).status, 503);
  users.failure.reset();
  EXPECT_EQ(as(kBoss, http::Method::get, admin).status, 200);
}

TEST_F(StufioAuth, ALateAnswerIsAnsweredLate) {
  users.hold = true;
  http::Request request;
  request.method = http::Method::get;
  request.target = admin;
  const TokenRequest wanted{.role = "", .subject = kBoss};
  request.headers = {{"Host", "x"}, {"Authorization", "Bearer " + issue_token("secret", wanted, fixture.clock.now)}};
  auto answer = std::make_shared<Answer>();
  fixture.api.dispatch(std::move(request), http::Responder(answer));
  EXPECT_FALSE(answer->response);
  users.held.at(0)();
  ASSERT_TRUE(answer->response);
  EXPECT_EQ(answer->response->status, 200);
}

TEST(StufioAuthStart, NeedsUsers) {
  AuthOptions options{.mode = AuthOptions::Mode::stufio,
                      .keys = {.algorithm = "HS512", .secret = "s", .public_keys = {}}};
  EXPECT_FALSE(Auth::create(std::move(options)));
}

}  // namespace
}  // namespace schedules::api
