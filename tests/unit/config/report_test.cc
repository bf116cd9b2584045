#include "config/report.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace schedules {
namespace {

namespace json = boost::json;

TEST(SettingsPage, IsTheOneMadeFromTheTable) {
  std::ifstream file(SETTINGS_PAGE);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), settings_markdown()) << "run: schedules config --markdown > docs/settings.md";
}

TEST(SettingsPage, NamesEverySettingOnce) {
  const auto page = settings_markdown();
  for (const auto& info : setting_table()) {
    const auto row = fmt::format("| `{}` |", info.name);
    const auto at = page.find(row);
    ASSERT_NE(at, std::string::npos) << info.name;
    EXPECT_EQ(page.find(row, at + 1), std::string::npos) << info.name;
  }
}

TEST(SettingsJson, ShowsValueSourceAndDefault) {
  Settings settings;
  ASSERT_TRUE(set_setting(settings, *find_setting("MAX_RETRIES"), "7", {Source::environment, "schedules_MAX_RETRIES"}));
  ASSERT_TRUE(set_setting(settings, *find_setting("SECRET_KEY"), "hunter2", {Source::flag, "--set"}));
  const auto text = settings_json(settings);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  const auto list = json::parse(text).as_array();
  ASSERT_EQ(list.size(), setting_table().size());
  const auto& row = list[find_setting("MAX_RETRIES")->index].as_object();
  EXPECT_EQ(row.at("name").as_string(), "schedules_MAX_RETRIES");
  EXPECT_EQ(row.at("value").as_int64(), 7);
  EXPECT_EQ(row.at("default").as_int64(), 3);
  EXPECT_EQ(row.at("source").as_string(), "environment");
  EXPECT_EQ(list[find_setting("SECRET_KEY")->index].at("value").as_string(), "********");
  EXPECT_TRUE(list[find_setting("FSYNC")->index].at("value").as_bool());
  EXPECT_TRUE(list[find_setting("KAFKA_BROKERS")->index].at("value").as_array().empty());
}

TEST(SettingsPanel, SourcesAreTold) {
  Settings settings;
  ASSERT_TRUE(set_setting(settings, *find_setting("MAX_RETRIES"), "3", {Source::file, "schedules.toml:4"}));
  ASSERT_TRUE(set_setting(settings, *find_setting("LOG_LEVEL"), "warn", {Source::panel, ""}));
  const auto sources = json::parse(setting_sources_json(settings)).as_object();
  EXPECT_EQ(sources.size(), setting_table().size());
  // Also where the value is the default's.
  EXPECT_EQ(sources.at("schedules_MAX_RETRIES"), (json::value{{"source", "file"}, {"where", "schedules.toml:4"}}));
  EXPECT_EQ(sources.at("schedules_LOG_LEVEL").at("source"), "override");
  EXPECT_EQ(sources.at("schedules_FSYNC"), (json::value{{"source", "default"}, {"where", ""}}));
}

TEST(SettingsPanel, MetaHasTheFrameworksFields) {
  const auto panel = json::parse(panel_schemas_json()).as_object();
  const std::set<std::string_view> wanted{
      "key",      "label", "description", "group",       "subgroup",      "type",      "component",
      "options",  "min",   "max",         "placeholder", "required",      "secret",    "restart_required",
      "advanced", "order", "depends_on",  "module",      "default_value", "validation"};
  ASSERT_EQ(panel.at("settings").as_object().size(), setting_table().size());
  std::set<std::string_view> subgroups;
  for (const auto& group : panel.at("subgroups").at("schedules").as_array()) {
    subgroups.insert(group.at("id").as_string());
  }
  for (const auto& [key, meta] : panel.at("settings").as_object()) {
    EXPECT_EQ(meta.at("key").as_string(), key);
    for (const auto field : wanted) EXPECT_TRUE(meta.as_object().contains(field)) << key << " " << field;
    EXPECT_TRUE(subgroups.contains(meta.at("subgroup").as_string())) << key;
  }
  EXPECT_EQ(panel.at("groups").at("schedules").at("order").as_int64(), 15);
}

TEST(SettingsPanel, BoundsAreThoseOfTheOriginal) {
  const auto panel = json::parse(panel_schemas_json()).as_object().at("settings").as_object();
  const auto bounds = [&](std::string_view key) {
    return std::pair(panel.at(key).at("min").as_int64(), panel.at(key).at("max").as_int64());
  };
  EXPECT_EQ(bounds("schedules_CHECK_INTERVAL_SECONDS"), std::pair(5L, 3600L));
  EXPECT_EQ(bounds("schedules_MAX_RETRIES"), std::pair(0L, 10L));
  EXPECT_EQ(bounds("schedules_RETRY_DELAY_SECONDS"), std::pair(1L, 3600L));
  EXPECT_EQ(bounds("schedules_EXECUTION_HISTORY_TTL_DAYS"), std::pair(1L, 365L));
  EXPECT_EQ(bounds("schedules_MAX_CONCURRENT_EXECUTIONS"), std::pair(1L, 100L));
  EXPECT_EQ(panel.at("schedules_TIMEZONE").at("options").as_array().size(), 11U);
}

TEST(SettingsPanel, SavedValueIsHeldToThePanelsBounds) {
  EXPECT_TRUE(check_panel_value(*find_setting("MAX_RETRIES"), "10"));
  EXPECT_EQ(check_panel_value(*find_setting("MAX_RETRIES"), "11").error().code, Code::out_of_range);
  EXPECT_EQ(check_panel_value(*find_setting("RETRY_DELAY_SECONDS"), "0").error().code, Code::out_of_range);
  EXPECT_EQ(check_panel_value(*find_setting("TIMEZONE"), "Nowhere").error().code, Code::unknown_time_zone);
  EXPECT_TRUE(check_panel_value(*find_setting("SHARDS"), "1000"));
}

}  // namespace
}  // namespace schedules
