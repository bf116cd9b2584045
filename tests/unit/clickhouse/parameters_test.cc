#include "clickhouse/parameters.h"

#include <gtest/gtest.h>

namespace schedules::clickhouse {
namespace {

std::string only(const Parameters& parameters) { return parameters.all().front().second; }

TEST(ClickHouseParameters, TextIsEscapedAsATabSeparatedField) {
  EXPECT_EQ(only(Parameters().text("x", "plain ' \" é")), "plain ' \" é");
  EXPECT_EQ(only(Parameters().text("x", std::string_view("a\\b\tc\nd\re\0f", 11))), "a\\\\b\\tc\\nd\\re\\0f");
}

TEST(ClickHouseParameters, NumbersAndIds) {
  EXPECT_EQ(only(Parameters().number("x", INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(only(Parameters().unsigned_number("x", UINT64_MAX)), "18446744073709551615");
  const auto id = parse_id("0af76519-16cd-43dd-8448-eb211c80319c").value();
  EXPECT_EQ(only(Parameters().id("x", id)), "0af76519-16cd-43dd-8448-eb211c80319c");
}

TEST(ClickHouseParameters, TimesAreUnixTimesWithSixDigits) {
  EXPECT_EQ(only(Parameters().time("x", from_micros(1'767'225'600'000'001))), "1767225600.000001");
  EXPECT_EQ(only(Parameters().time("x", from_micros(0))), "0.000000");
  EXPECT_EQ(only(Parameters().time("x", from_micros(-1'500'000))), "-1.500000");
}

TEST(ClickHouseParameters, ListsAreQuoted) {
  EXPECT_EQ(only(Parameters().texts("x", {})), "[]");
  EXPECT_EQ(only(Parameters().texts("x", {"a", "it's", "b\\c"})), R"(['a','it\'s','b\\c'])");
}

}  // namespace
}  // namespace schedules::clickhouse
