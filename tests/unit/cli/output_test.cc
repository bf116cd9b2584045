#include "cli/output.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace schedules::cli {
namespace {

namespace json = boost::json;

std::string printed(const std::function<void()>& print) {
  testing::internal::CaptureStdout();
  print();
  flush_output();
  return testing::internal::GetCapturedStdout();
}

TEST(Output, ColumnsAreAlignedByCharacters) {
  EXPECT_EQ(printed([] { print_table({{"A", "B"}, {"Zürich", "1"}, {"x", ""}}); }), "A       B\nZürich  1\nx\n");
}

TEST(Output, RowsTakeMembersOfMembers) {
  const json::array rows{json::object{{"id", "1"}, {"event", {{"topic", "t"}}}}, json::object{{"id", 2}}};
  const std::vector<Column> columns{{"ID", "id"}, {"TOPIC", "event.topic"}};
  EXPECT_EQ(printed([&] { print_rows(columns, rows); }), "ID  TOPIC\n1   t\n2\n");
}

TEST(Output, EmptyMembersAreLeftOut) {
  const json::object object{
      {"id", "1"}, {"key", nullptr}, {"tags", json::array{"a", "b"}}, {"headers", json::object{}}};
  EXPECT_EQ(printed([&] { print_object(object); }), "id    1\ntags  a,b\n");
}

TEST(Output, ControlCharactersNeverReachATerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\n\x7f"), "a\\x1b[31mb\\x0a\\x7f");
  EXPECT_EQ(cell(json::value("x\ty")), "x\\x09y");
}

TEST(Output, NumbersAreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace schedules::cli
