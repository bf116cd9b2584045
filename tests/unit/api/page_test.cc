#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

TEST(Pages, LivenessAndReadiness) {
  Fixture fixture;
  EXPECT_EQ(fixture.get("/healthz").body, R"({"status":"ok"})");
  EXPECT_EQ(fixture.get("/readyz").status, 200);
  fixture.parts = {{.name = "kafka", .healthy = false, .required = false}};
  EXPECT_EQ(fixture.get("/readyz").status, 200);
  fixture.parts = {{.name = "redis", .healthy = false, .detail = "down"}};
  const auto response = fixture.get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find(R"("redis":{"status":"unhealthy","required":true,"since":null,"detail":"down"})"),
            std::string::npos);
}

TEST(Pages, AStoppingServerIsNotReady) {
  Fixture fixture;
  fixture.api.drain();
  const auto response = fixture.get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find(R"("status":"stopping")"), std::string::npos);
}

TEST(Pages, AreSelfContained) {
  Fixture fixture;
  for (const std::string path : {"/", "/docs"}) {
    const auto response = fixture.get(path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
    EXPECT_NE(header_of(response, "Content-Security-Policy").find("default-src 'none'"), std::string::npos);
    for (const std::string_view foreign : {"http://", "https://", "src=\"//", "href=\"//", "@import", "url("})
      EXPECT_EQ(response.body.find(foreign), std::string::npos) << path << " " << foreign;
  }
}

}  // namespace
}  // namespace schedules::api
