#include "config/load.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

namespace schedules {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A directory of its own per test, where ./schedules.toml may stand.
class LoadSettings : public testing::Test {
 protected:
  LoadSettings() {
    std::string pattern = (std::filesystem::temp_directory_path() / "settings-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    inputs_.directory = directory_;
  }
  ~LoadSettings() override { std::filesystem::remove_all(directory_); }

  void file(std::string_view text) { std::ofstream(directory_ + "/schedules.toml") << text; }
  void variable(std::string name, std::string value) { inputs_.environment.emplace_back(name, value); }
  void flag(std::string name, std::string value) { inputs_.flags.push_back({name, value, "--set"}); }

  std::vector<std::string> faults() {
    const auto loaded = load_settings(inputs_);
    std::vector<std::string> out;
    if (loaded) return out;
    std::string text = describe_faults(loaded.error());
    for (size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      out.push_back(text.substr(0, end));
    }
    out.push_back(text);
    return out;
  }
  Settings settings() {
    auto loaded = load_settings(inputs_);
    EXPECT_TRUE(loaded) << describe_faults(loaded.error());
    return loaded ? std::move(*loaded) : Settings{};
  }
  static Origin origin(const Settings& settings, std::string_view name) {
    return settings.origins[find_setting(name)->index];
  }

  std::string directory_;
  SettingInputs inputs_;
};

TEST_F(LoadSettings, NothingGivenMeansTheDefaults) {
  const auto loaded = settings();
  EXPECT_EQ(loaded.max_retries, 3);
  EXPECT_EQ(origin(loaded, "MAX_RETRIES").source, Source::fallback);
}

TEST_F(LoadSettings, FileWinsOverDefault) {
  file("[schedules]\nMAX_RETRIES = 5\n");
  const auto loaded = settings();
  EXPECT_EQ(loaded.max_retries, 5);
  EXPECT_EQ(origin(loaded, "MAX_RETRIES").source, Source::file);
  EXPECT_THAT(origin(loaded, "MAX_RETRIES").where, EndsWith("schedules.toml:2"));
}

TEST_F(LoadSettings, EnvironmentWinsOverFile) {
  file("MAX_RETRIES = 5\n");
  variable("schedules_MAX_RETRIES", "6");
  const auto loaded = settings();
  EXPECT_EQ(loaded.max_retries, 6);
  EXPECT_EQ(origin(loaded, "MAX_RETRIES").source, Source::environment);
  EXPECT_EQ(origin(loaded, "MAX_RETRIES").where, "schedules_MAX_RETRIES");
}

TEST_F(LoadSettings, FlagWinsOverEnvironment) {
  file("MAX_RETRIES = 5\n");
  variable("schedules_MAX_RETRIES", "6");
  flag("MAX_RETRIES", "7");
  const auto loaded = settings();
  EXPECT_EQ(loaded.max_retries, 7);
  EXPECT_EQ(origin(loaded, "MAX_RETRIES").source, Source::flag);
}

TEST_F(LoadSettings, WrongValueIsAFaultEvenWhereAnotherSourceWins) {
  file("MAX_RETRIES = 5000\n");
  flag("MAX_RETRIES", "7");
  EXPECT_THAT(faults(), ElementsAre(StartsWith("schedules_MAX_RETRIES: 5000 is not between 0 and 100")));
}

TEST_F(LoadSettings, VariablesAreMatchedInAnyCase) {
  variable("SCHEDULES_MAX_RETRIES", "4");
  variable("schedules_shards", "8");
  variable("Schedules_Log_Level", "debug");
  const auto loaded = settings();
  EXPECT_EQ(loaded.max_retries, 4);
  EXPECT_EQ(loaded.shards, 8);
  EXPECT_EQ(loaded.log_level, log::Level::debug);
}

TEST_F(LoadSettings, OneNameInTwoSpellingsIsAFault) {
  variable("SCHEDULES_SHARDS", "4");
  variable("schedules_SHARDS", "8");
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("set twice, as SCHEDULES_SHARDS and schedules_SHARDS")));
}

TEST_F(LoadSettings, EmptyVariableCountsAsNotSet) {
  file("MAX_RETRIES = 5\n");
  variable("schedules_MAX_RETRIES", "");
  variable("schedules_REDIS_URL", "");
  EXPECT_EQ(settings().max_retries, 5);
}

TEST_F(LoadSettings, FrameworksSecretKeyIsRead) {
  variable("SECRET_KEY", "theirs");
  EXPECT_EQ(settings().secret_key, "theirs");
  variable("schedules_SECRET_KEY", "ours");
  EXPECT_EQ(settings().secret_key, "ours");
}

TEST_F(LoadSettings, UnknownVariableSuggestsTheNearestName) {
  variable("schedules_MAX_RETIRES", "4");
  EXPECT_THAT(faults(), ElementsAre("schedules_MAX_RETIRES: no such setting; did you mean schedules_MAX_RETRIES? "
                                    "(from the environment)"));
}

TEST_F(LoadSettings, UnknownKeyAndFlagSuggestTheNearestName) {
  file("shard = 4\n");
  flag("LISTN", "x");
  EXPECT_THAT(faults(), ElementsAre(AllOf(StartsWith("shard: no such setting; did you mean schedules_SHARDS?"),
                                          HasSubstr("schedules.toml:1")),
                                    AllOf(StartsWith("LISTN: "), HasSubstr("schedules_LISTEN"), HasSubstr("--set"))));
}

TEST_F(LoadSettings, NameUnlikeAnyOtherGetsNoSuggestion) {
  variable("schedules_ZZZZZZZZZZ", "4");
  EXPECT_THAT(faults(), ElementsAre("schedules_ZZZZZZZZZZ: no such setting (from the environment)"));
}

TEST_F(LoadSettings, OtherVariablesAreLeftAlone) {
  variable("PATH", "/bin");
  variable("SCHEDULESX", "1");
  variable("schedules_SERVER", "http://x");
  variable("schedules_TOKEN", "t");
  variable("SCHEDULES_TOKEN_FILE", "f");
  EXPECT_THAT(faults(), ElementsAre());
}

TEST_F(LoadSettings, KubernetesServiceLinksAreLeftAlone) {
  variable("SCHEDULES_SERVICE_HOST", "10.0.0.1");
  variable("SCHEDULES_SERVICE_PORT", "80");
  variable("SCHEDULES_SERVICE_PORT_HTTP", "80");
  variable("SCHEDULES_PORT", "tcp://10.0.0.1:80");
  variable("SCHEDULES_PORT_80_TCP_ADDR", "10.0.0.1");
  EXPECT_THAT(faults(), ElementsAre());
  variable("schedules_PORT", "80");
  EXPECT_THAT(faults(), ElementsAre(StartsWith("schedules_PORT: no such setting")));
}

TEST_F(LoadSettings, AllFaultsAreToldAtOnce) {
  file("SHARDS = 5000\nMAX_RETRIES = \"3\"\n[other]\nx = 1\n");
  variable("schedules_AUTH", "some");
  variable("schedules_NONSENSE_NAME", "1");
  flag("LISTEN", "nowhere");
  EXPECT_THAT(faults(),
              ElementsAre(StartsWith("other: no such table"), StartsWith("schedules_MAX_RETRIES: it has to be a whole"),
                          StartsWith("schedules_SHARDS: 5000 is not between"), StartsWith("schedules_AUTH: "),
                          StartsWith("schedules_NONSENSE_NAME: no such setting"), StartsWith("schedules_LISTEN: ")));
}

TEST_F(LoadSettings, RulesBetweenSettingsAreChecked) {
  flag("LISTEN", "0.0.0.0:8480");
  EXPECT_THAT(faults(), ElementsAre(StartsWith("schedules_AUTH: none is refused on 0.0.0.0:8480")));
}

TEST_F(LoadSettings, FileThatWasAskedForMustExist) {
  inputs_.config_file = directory_ + "/absent.toml";
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("absent.toml")));
  EXPECT_EQ(load_settings(inputs_).error().code, Code::not_found);
}

TEST_F(LoadSettings, VariableNamesTheFile) {
  std::ofstream(directory_ + "/other.toml") << "SHARDS = 3\n";
  file("SHARDS = 4\n");
  variable("schedules_CONFIG", directory_ + "/other.toml");
  EXPECT_EQ(settings().shards, 3);
}

TEST_F(LoadSettings, NodeIdIsMadeUpOnlyWhereNoneIsSet) {
  const auto first = settings().node_id;
  EXPECT_FALSE(first.empty());
  EXPECT_NE(first, settings().node_id);
  flag("NODE_ID", "n1");
  EXPECT_EQ(settings().node_id, "n1");
}

TEST_F(LoadSettings, ReloadChangesLiveSettingsOnly) {
  const auto running = settings();
  variable("schedules_LOG_LEVEL", "debug");
  variable("schedules_SHARDS", "4");
  const auto reload = reload_settings(running, inputs_);
  ASSERT_TRUE(reload);
  EXPECT_EQ(reload->settings.log_level, log::Level::debug);
  EXPECT_EQ(reload->settings.shards, 16);
  EXPECT_EQ(reload->settings.node_id, running.node_id);
  EXPECT_THAT(reload->changed, ElementsAre("LOG_LEVEL"));
  EXPECT_THAT(reload->need_restart, ElementsAre("SHARDS"));
}

TEST_F(LoadSettings, ReloadOfFaultySettingsChangesNothing) {
  const auto running = settings();
  variable("schedules_MAX_RETRIES", "-1");
  EXPECT_FALSE(reload_settings(running, inputs_));
}

}  // namespace
}  // namespace schedules
