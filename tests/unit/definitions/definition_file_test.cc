#include "definitions/definition_file.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace schedules {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* kOne =
    "version: 1\nowner: billing\ndefinitions:\n- name: n\n  cron_expression: 0 2 * * *\n  event_type: t\n"
    "  event_action: a\n";

json::object body_of(const std::string& text) {
  const auto read = parse_definitions(text, "f.yaml", "");
  EXPECT_TRUE(read) << read.error().detail;
  return read && !read->empty() ? json::parse(read->front().body).as_object() : json::object();
}

Error refusal(const std::string& text, const std::string& owner = "") {
  const auto read = parse_definitions(text, "f.yaml", owner);
  EXPECT_FALSE(read) << text;
  return read ? Error{} : read.error();
}

TEST(DefinitionFile, WhatIsNotSaidHasItsDefault) {
  const auto body = body_of(kOne);
  EXPECT_EQ(body.at("cron_expression").as_string(), "0 2 * * *");
  EXPECT_EQ(body.at("owner").as_string(), "billing");
  EXPECT_EQ(body.at("timezone").as_string(), "UTC");
  EXPECT_EQ(body.at("max_retries").as_int64(), 3);
  EXPECT_TRUE(body.at("event_payload").is_null());
}

TEST(DefinitionFile, OriginalsNamesAreRead) {
  const auto body = body_of(std::string(kOne) +
                            "  class_name: X\n  category: basic\n  payload:\n    a: [1, 2.5, true, null, '7', x]\n"
                            "  retry_delay: 5\n  next_fires_utc_after_2026: [a]\n");
  EXPECT_EQ(json::serialize(body.at("event_payload")), R"({"a":[1,2.5E0,true,null,"7","x"]})");
  EXPECT_EQ(body.at("tags").as_array().at(0).as_string(), "basic");
  EXPECT_EQ(body.at("retry_delay_seconds").as_int64(), 5);
}

TEST(DefinitionFile, NameComesFromTypeAndAction) {
  EXPECT_EQ(
      body_of("owner: o\ndefinitions:\n- {cron_expression: '@daily', event_type: t, event_action: a}\n").at("name"),
      "t.a");
}

TEST(DefinitionFile, DurationsAndTimesAreNormal) {
  const auto body = body_of(
      "owner: o\ndefinitions:\n- {every: 1h30m, event_type: t, event_action: a, start_at: '2026-01-01 10:00+02:00'}\n");
  EXPECT_EQ(body.at("every_seconds").as_int64(), 5400);
  EXPECT_EQ(body.at("start_at").as_string(), "2026-01-01T08:00:00.000000Z");
}

TEST(DefinitionFile, SingleTimeMeansOneTime) {
  EXPECT_TRUE(body_of("owner: o\ndefinitions:\n- {execution_time: '2030-01-01T00:00:00Z', event_type: t, event_action: "
                      "a}\n")
                  .at("one_time")
                  .as_bool());
}

TEST(DefinitionFile, JsonIsReadToo) {
  EXPECT_EQ(body_of(R"({"owner":"o","definitions":[{"name":"n","cron_expression":"@daily","event_type":"t",
                        "event_action":"a","payload":{"k":"3"}}]})")
                .at("event_payload")
                .at("k")
                .as_string(),
            "3");
}

TEST(DefinitionFile, UnknownKeyNamesTheNearestAndItsLine) {
  const auto error = refusal(std::string(kOne) + "  timezon: UTC\n");
  EXPECT_EQ(error.code, Code::unknown_field);
  EXPECT_THAT(error.detail, HasSubstr("did you mean timezone?"));
  EXPECT_THAT(error.detail, HasSubstr("f.yaml:8"));
}

TEST(DefinitionFile, AllFaultsAreTold) {
  const auto error = refusal(
      "owner: o\ndefinitions:\n- {event_type: t}\n- {cron_expression: 5, event_type: t, event_action: a}\n- text\n");
  EXPECT_THAT(error.more, SizeIs(3));
}

TEST(DefinitionFile, OwnerHasToBeSaid) {
  const std::string text = "definitions:\n- {cron_expression: '@daily', event_type: t, event_action: a}\n";
  EXPECT_EQ(refusal(text).field, "owner");
  EXPECT_EQ(parse_definitions(text, "f", "me")->front().owner, "me");
  EXPECT_EQ(parse_definitions("module_name: m\n" + text, "f", "")->front().owner, "m");
  EXPECT_EQ(parse_definitions("owner: other\n" + text, "f", "me")->front().owner, "me");
}

TEST(DefinitionFile, BrokenYamlNamesItsLine) {
  EXPECT_THAT(refusal("owner: o\ndefinitions: [\n").detail, HasSubstr("f.yaml:"));
  EXPECT_THAT(refusal("just text").detail, HasSubstr("map"));
  EXPECT_EQ(refusal("owner: o\nversion: 2\ndefinitions: []\n").field, "version");
}

TEST(DefinitionFile, AliasesCannotMultiplyWithoutEnd) {
  std::string text =
      "owner: o\ndefinitions:\n- name: n\n  cron_expression: '@daily'\n  event_type: t\n  event_action: a\n"
      "  payload:\n    a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    text += fmt::format("    a{0}: &a{0} [*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1},*a{1}]\n", i, i - 1);
  }
  EXPECT_EQ(refusal(text).code, Code::too_long);
}

TEST(DefinitionFile, EmptyListIsAllowed) {
  EXPECT_THAT(*parse_definitions("owner: o\ndefinitions: []\n", "f", ""), SizeIs(0));
  EXPECT_THAT(*parse_definitions("owner: o\ndefinitions:\n", "f", ""), SizeIs(0));
}

TEST(DefinitionFile, OneNameInTwoFilesIsRefused) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("definitions-{}", ::getpid());
  std::filesystem::create_directory(folder);
  const auto first = (folder / "a.yaml").string();
  const auto second = (folder / "b.yaml").string();
  std::ofstream(first) << kOne;
  std::ofstream(second) << kOne;
  const auto both = read_all_definitions({first, second}, "");
  const auto one = read_all_definitions({first}, "");
  const auto gone = read_all_definitions({first, "/nonexistent"}, "");
  std::filesystem::remove_all(folder);
  EXPECT_EQ(both.error().code, Code::already_exists);
  EXPECT_THAT(both.error().detail, testing::AllOf(HasSubstr("a.yaml:4"), HasSubstr("b.yaml:4")));
  EXPECT_THAT(*one, SizeIs(1));
  EXPECT_EQ(gone.error().code, Code::io_error);
}

}  // namespace
}  // namespace schedules
