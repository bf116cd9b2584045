#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace schedules {
namespace {

TEST(Utf8, KnowsWhatIsValid) {
  for (const char* text : {"", "abc", "grüße", "日本", "😀", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  for (const char* text : {"\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "a\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

TEST(JsonString, EscapesWhatMustBe) {
  std::string out;
  append_json_string(out, std::string_view("a\"b\\c\n\x01\0z", 9));
  EXPECT_EQ(out, R"("a\"b\\c\n\u0001\u0000z")");
}

TEST(JsonString, BrokenBytesBecomeReplacements) {
  std::string out;
  append_json_string(out, "a\xFFz");
  EXPECT_EQ(out, R"("a\ufffdz")");
}

TEST(Nearest, FindsATypo) {
  constexpr std::array<std::string_view, 3> kNames{"topic", "action", "priority"};
  EXPECT_EQ(nearest("topci", kNames), "topic");
  EXPECT_EQ(nearest("Priorty", kNames), "priority");
  EXPECT_EQ(nearest("banana", kNames), "");
}

TEST(Truncate, NeverCutsACharacter) {
  EXPECT_EQ(truncate_utf8("grüße", 3), "gr");
  EXPECT_EQ(truncate_utf8("grüße", 4), "grü");
  EXPECT_EQ(truncate_utf8("abc", 10), "abc");
}

}  // namespace
}  // namespace schedules
