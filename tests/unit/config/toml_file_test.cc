#include "config/toml_file.h"

#include <gmock/gmock.h>

namespace schedules::config {
namespace {

using testing::HasSubstr;
using Form = TomlEntry::Form;

TomlFile read(std::string_view text) {
  auto file = parse_toml(text, "f.toml");
  EXPECT_TRUE(file) << file.error().detail;
  return file ? std::move(*file) : TomlFile{};
}

std::string refusal(std::string_view text) {
  const auto file = parse_toml(text, "f.toml");
  if (!file) return file.error().detail;
  return file->faults.empty() ? "" : file->faults[0].detail;
}

TEST(TomlFile, EveryFormIsRead) {
  const auto file = read(
      "# settings\n[schedules]\na = \"x # y\"  # comment\nb = 1_000\nc = 0.5\nd = true\n"
      "e = [\"p\", 'q\"r', # inner\n  \"s\",]\nf = '''\nlong'''\n");
  ASSERT_EQ(file.entries.size(), 6U);
  EXPECT_EQ(file.entries[0].text, "x # y");
  EXPECT_EQ(file.entries[0].line, 3U);
  EXPECT_EQ(file.entries[1].text, "1000");
  EXPECT_EQ(file.entries[1].form, Form::integer);
  EXPECT_EQ(file.entries[2].text, "0.5");
  EXPECT_EQ(file.entries[2].form, Form::number);
  EXPECT_EQ(file.entries[3].form, Form::boolean);
  EXPECT_EQ(file.entries[4].text, R"(["p","q\"r","s"])");
  EXPECT_EQ(file.entries[4].form, Form::list);
  EXPECT_EQ(file.entries[5].text, "long");
}

TEST(TomlFile, EmptyFileHasNoEntries) {
  EXPECT_TRUE(read("").entries.empty());
  EXPECT_TRUE(read("\n# nothing\n").entries.empty());
}

TEST(TomlFile, WindowsLineEndsAreRead) { EXPECT_EQ(read("a = 1\r\nb = 2\r\n").entries.size(), 2U); }

TEST(TomlFile, BrokenFileNamesLineAndColumn) {
  EXPECT_THAT(refusal("a = 1\nb = \n"), HasSubstr("f.toml:2:"));
  EXPECT_THAT(refusal("a = \"open\n"), HasSubstr("f.toml:1:"));
  EXPECT_THAT(refusal("a = bare\n"), HasSubstr("f.toml:1:"));
  EXPECT_THAT(refusal("a = 1\na = 2\n"), HasSubstr("f.toml:2:"));
  EXPECT_THAT(refusal("a = 1 b = 2\n"), HasSubstr("f.toml:1:"));
}

TEST(TomlFile, WhatNoSettingCanHoldIsAFault) {
  EXPECT_THAT(refusal("a = 2026-01-01\n"), HasSubstr("date"));
  EXPECT_THAT(refusal("a = [1, 2]\n"), HasSubstr("texts only"));
  EXPECT_THAT(refusal("[schedules.inner]\na = 1\n"), HasSubstr("no such table"));
  EXPECT_THAT(refusal("a = {b = 1}\n"), HasSubstr("no such table"));
}

TEST(TomlFile, MissingFileIsNotFound) {
  EXPECT_EQ(read_toml("/nonexistent/schedules.toml").error().code, Code::not_found);
}

TEST(TomlFile, DirectoryIsRefused) { EXPECT_FALSE(read_toml("/tmp")); }

}  // namespace
}  // namespace schedules::config
