#include "cli/reach.h"

#include <gmock/gmock.h>

namespace schedules::cli {
namespace {

std::string endpoints(std::string_view url) {
  std::string out;
  for (const auto& endpoint : endpoints_of(url)) out += fmt::format("{}:{} ", endpoint.host, endpoint.port);
  return out;
}

TEST(Endpoints, EveryHostOfAnAddressIsMeant) {
  EXPECT_EQ(endpoints("redis-sentinel://a:1,b:2,c/0#master"), "a:1 b:2 c:26379 ");
  EXPECT_EQ(endpoints("mongodb://me:p@ss,word@h1:27018,h2/db?x=1"), "h1:27018 h2:27017 ");
  EXPECT_EQ(endpoints("rediss://h"), "h:6379 ");
  EXPECT_EQ(endpoints("clickhouse://h/db"), "h:9000 ");
  EXPECT_EQ(endpoints("http://[::1]:8123"), "::1:8123 ");
  EXPECT_EQ(endpoints("http://[::1]"), "::1:8123 ");
  EXPECT_EQ(endpoints(""), "");
}

TEST(Reach, ClosedPortAndUnknownNameAreUnavailable) {
  EXPECT_EQ(reach({"127.0.0.1", 1}, std::chrono::seconds(1)).error().code, Code::unavailable);
  EXPECT_EQ(reach({"no-such-host.invalid", 1}, std::chrono::seconds(1)).error().code, Code::unavailable);
}

}  // namespace
}  // namespace schedules::cli
