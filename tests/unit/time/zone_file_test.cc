#include "time/zone_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "time/posix_rule.h"

namespace schedules {
namespace {

std::string new_york() {
  std::ifstream file("/usr/share/zoneinfo/America/New_York", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(ZoneFile, ListsChangesInOrderUpTo2201) {
  const auto rules = read_zone_file(new_york());
  ASSERT_TRUE(rules);
  for (size_t i = 1; i < rules->changes.size(); ++i) {
    ASSERT_LT(rules->changes[i - 1].at_s, rules->changes[i].at_s);
    ASSERT_NE(rules->changes[i - 1].offset_s, rules->changes[i].offset_s);
  }
  EXPECT_GT(rules->changes.back().at_s, 7'289'654'400);
}

TEST(ZoneFile, CutShortIsCorrupt) {
  const auto whole = new_york();
  const size_t footer = whole.rfind('\n', whole.size() - 2);
  for (size_t size = 0; size < footer; ++size) {
    const auto rules = read_zone_file(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(rules) << size;
    ASSERT_EQ(rules.error().code, Code::corrupt);
  }
}

TEST(ZoneFile, EachFlippedByteIsReadOrRefused) {
  const auto whole = new_york();
  for (size_t i = 0; i < whole.size(); ++i) {
    auto bytes = whole;
    bytes[i] = static_cast<char>(bytes[i] ^ 0x81);
    static_cast<void>(read_zone_file(bytes));
  }
}

TEST(PosixRule, ReadsNamesOffsetsAndDates) {
  const auto rule = parse_posix_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->standard_offset_s, -7200);
  EXPECT_EQ(rule->summer_offset_s, -3600);
  EXPECT_EQ(rule->summer_begins.time_s, -3600);
  EXPECT_EQ(rule->summer_ends.time_s, 0);
}

TEST(PosixRule, DefaultsAreAnHourAheadAtTwo) {
  const auto rule = parse_posix_rule("EST5EDT,M3.2.0,M11.1.0");
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->summer_offset_s, -4 * 3600);
  EXPECT_EQ(rule->summer_begins.wall_s(2026), 1'772'935'200);  // 2026-03-08T02:00
  EXPECT_EQ(rule->summer_ends.wall_s(2026), 1'793'498'400);    // 2026-11-01T02:00
}

TEST(PosixRule, JulianDaysSkipOrCountTheLeapDay) {
  YearlyChange change{.kind = YearlyChange::Kind::day_without_leap, .day = 60, .time_s = 0};
  EXPECT_EQ(change.wall_s(2024), 1'709'251'200);  // 2024-03-01
  EXPECT_EQ(change.wall_s(2026), 1'772'323'200);  // 2026-03-01
  change = {.kind = YearlyChange::Kind::day_with_leap, .day = 59, .time_s = 0};
  EXPECT_EQ(change.wall_s(2024), 1'709'164'800);  // 2024-02-29
}

TEST(PosixRule, RefusesWhatIsNone) {
  for (const auto* text :
       {"", "E5", "EST", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST200",
        "<EST5", "EST5EDT,M3.2.0,M11.1.0x", "EST5EDT,J0,J365", "EST5:60"}) {
    EXPECT_FALSE(parse_posix_rule(text)) << text;
  }
}

}  // namespace
}  // namespace schedules
