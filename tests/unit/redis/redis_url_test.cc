#include "redis/url.h"

#include <gtest/gtest.h>

namespace schedules::redis {

TEST(RedisUrl, APlainOneHasDefaults) {
  const auto url = parse_url("redis://cache").value();
  EXPECT_EQ(url.topology, Topology::standalone);
  EXPECT_EQ(url.addresses, (std::vector<Address>{{"cache", 6379}}));
  EXPECT_FALSE(url.tls);
  EXPECT_EQ(url.database, 0U);
}

TEST(RedisUrl, EveryPartIsRead) {
  const auto url = parse_url("rediss://me:p%40ss%2F@[::1]:7000/5").value();
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.addresses, (std::vector<Address>{{"::1", 7000}}));
  EXPECT_EQ(url.user, "me");
  EXPECT_EQ(url.password, "p@ss/");
  EXPECT_EQ(url.database, 5U);
}

TEST(RedisUrl, APasswordNeedsNoUser) {
  const auto url = parse_url("redis://:secret@h:1").value();
  EXPECT_EQ(url.user, "");
  EXPECT_EQ(url.password, "secret");
}

TEST(RedisUrl, SentinelNamesItsMaster) {
  const auto url = parse_url("redis-sentinel://:pw@a:1,b,c:3/2#orders").value();
  EXPECT_EQ(url.topology, Topology::sentinel);
  EXPECT_EQ(url.addresses, (std::vector<Address>{{"a", 1}, {"b", 26379}, {"c", 3}}));
  EXPECT_EQ(url.master_name, "orders");
  EXPECT_EQ(url.database, 2U);
  EXPECT_EQ(url.password, "pw");
}

TEST(RedisUrl, OptionsOfSentinelStandOnEitherSideOfTheName) {
  for (const auto* text :
       {"redis-sentinel://a?sentinel_password=x&tls=true#m", "redis-sentinel://a#m?sentinel_password=x&tls=true"}) {
    const auto url = parse_url(text).value();
    EXPECT_EQ(url.sentinel_password, "x") << text;
    EXPECT_EQ(url.master_name, "m");
    EXPECT_TRUE(url.tls);
  }
}

TEST(RedisUrl, AClusterHasManyHosts) {
  const auto url = parse_url("redis-cluster://a:1,b:2").value();
  EXPECT_EQ(url.topology, Topology::cluster);
  EXPECT_EQ(url.addresses.size(), 2U);
}

TEST(RedisUrl, ItsTextShowsNoPassword) {
  for (const auto* text : {"redis://u:geheim@h", "redis-sentinel://:geheim@h/0?sentinel_password=geheim#m",
                           "redis-cluster://u:geheim@h"}) {
    EXPECT_EQ(parse_url(text).value().text().find("geheim"), std::string::npos);
  }
}

class BadRedisUrl : public ::testing::TestWithParam<const char*> {};

TEST_P(BadRedisUrl, IsRefusedWithoutShowingAPassword) {
  const auto url = parse_url(GetParam());
  ASSERT_FALSE(url) << GetParam();
  EXPECT_EQ(url.error().code, Code::invalid_argument);
  EXPECT_EQ(url.error().detail.find("geheim"), std::string::npos) << url.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRedisUrl,
    ::testing::Values("", "h:1", "http://h", "redis://", "redis://:", "redis://h:", "redis://h:0", "redis://h:70000",
                      "redis://h:1x", "redis://h/x", "redis://h/-1", "redis://h/99999999999", "redis://a,b",
                      "redis://u@h", "redis://u:@h", "redis://h h", "redis://[::1", "redis://[::1]x", "redis://::1",
                      "redis://:geheim%4@h", "redis://:geheim%zz@h", "redis://h?x=1", "redis://h?tls=maybe",
                      "redis://u:12?geheim@h", "redis://u:12/geheim@h", "redis://u:12#geheim@h",
                      "redis-sentinel://u:12#geheim@h", "redis-sentinel://h#my%20master",
                      "redis-sentinel://h?geheim&x#m", "redis://h#m", "redis-sentinel://a", "redis-sentinel://a,#m",
                      "redis-cluster://a/1", "redis-cluster://a?sentinel_password=x", "redis-cluster://"));

}  // namespace schedules::redis
