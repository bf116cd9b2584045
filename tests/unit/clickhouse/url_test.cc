#include "clickhouse/url.h"

#include <gtest/gtest.h>

namespace schedules::clickhouse {
namespace {

TEST(ClickHouseUrl, WholeOne) {
  const auto url = parse_url("clickhouse://me:p%40ss%3Aw@Db.Example:9123/events_1?insert_quorum=2&a=%20b").value();
  EXPECT_FALSE(url.tls);
  EXPECT_EQ(url.origin(), "http://db.example:9123");
  EXPECT_EQ(url.user, "me");
  EXPECT_EQ(url.password, "p@ss:w");
  EXPECT_EQ(url.database, "events_1");
  using Settings = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(url.settings, (Settings{{"insert_quorum", "2"}, {"a", " b"}}));
  EXPECT_EQ(url.text(), "http://me:***@db.example:9123/events_1");
}

TEST(ClickHouseUrl, Defaults) {
  EXPECT_EQ(parse_url("http://h")->origin(), "http://h:8123");
  EXPECT_EQ(parse_url("https://h/")->origin(), "https://h:8443");
  EXPECT_EQ(parse_url("clickhouse://h?secure=true")->origin(), "https://h:8443");
  EXPECT_EQ(parse_url("clickhouse://h?secure=true")->settings.size(), 0U);
  EXPECT_EQ(parse_url("http://h")->user, "default");
  EXPECT_EQ(parse_url("http://h")->database, "default");
  EXPECT_EQ(parse_url("http://h:8124/")->text(), "http://h:8124/default");
}

TEST(ClickHouseUrl, Loopback) {
  EXPECT_TRUE(parse_url("http://localhost")->is_loopback());
  EXPECT_TRUE(parse_url("http://127.1.2.3:1")->is_loopback());
  EXPECT_TRUE(parse_url("http://[::1]:1")->is_loopback());
  EXPECT_EQ(parse_url("http://[::1]:1")->origin(), "http://[::1]:1");
  EXPECT_FALSE(parse_url("http://127.0.0.1.example")->is_loopback());
  EXPECT_FALSE(parse_url("http://10.0.0.1")->is_loopback());
}

TEST(ClickHouseUrl, WrongOnesAreRefusedWithoutShowingThePassword) {
  for (const std::string_view text :
       {"", "h", "tcp://u:secret@h", "http://", "http://u:secret@", "http://u:secret@h:0", "http://u:secret@h:65536",
        "http://u:secret@h:8x", "http://u:secret%4@h", "http://u:secret%0a@h", "http://u:secret@h/a-b",
        "http://u:secret@h/a`b", "http://u:secret@h/?=1", "http://u:secret@h/?a;b=1", "http://u:secret@h/?a=%z1",
        "http://u:secret@h o", "http://u:secret@[::1", "http://u:secret@[::1]x", "http://u:secret@h#f"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::invalid_argument);
    EXPECT_EQ(url.error().detail.find("secret"), std::string::npos) << url.error().detail;
  }
}

}  // namespace
}  // namespace schedules::clickhouse
