#include <gtest/gtest.h>

#include "api/events/lines.h"

#include <string>
#include <vector>

namespace schedules::api {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> found;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) found.emplace_back(line);
  return found;
}

using List = std::vector<std::string>;

TEST(Lines, TheLastOneNeedsNoNewline) {
  EXPECT_EQ(split("a\nb"), (List{"a", "b"}));
  EXPECT_EQ(split("a\nb\n"), (List{"a", "b"}));
}

TEST(Lines, MayEndInCarriageReturnAndLineFeed) { EXPECT_EQ(split("a\r\nb\r\n"), (List{"a", "b"})); }

TEST(Lines, BlankOnesAreSkipped) { EXPECT_EQ(split("\n \na\n\r\n\t\n\nb\n\n"), (List{"a", "b"})); }

TEST(Lines, AnEmptyTextHasNone) {
  EXPECT_EQ(split(""), List{});
  EXPECT_EQ(split("\n\n"), List{});
}

TEST(Lines, ACarriageReturnInTheMiddleStays) { EXPECT_EQ(split("a\rb"), List{"a\rb"}); }

TEST(Lines, AreCountedUpToOneBeyondTheLimit) {
  EXPECT_EQ(count_lines("a\n\nb\nc\n", 10), 3U);
  EXPECT_EQ(count_lines("a\nb\nc\nd\ne\n", 3), 4U);
}

}  // namespace
}  // namespace schedules::api
