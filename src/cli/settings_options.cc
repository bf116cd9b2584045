#include "cli/settings_options.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "base/text.h"

namespace schedules::cli {
namespace {

constexpr const char* kGroup = "Settings";

// Those that are often set by hand; every other one by --set.
constexpr std::array<std::string_view, 18> kCommon{
    "LISTEN",        "DATA_DIR",  "AUTH",      "LOG_LEVEL",      "LOG_FORMAT",    "NODE_ID",
    "HTTP_THREADS",  "SHARDS",    "FSYNC",     "TIMEZONE",       "CORS_ORIGINS",  "DEFAULT_TARGET",
    "WEBHOOK_ALLOW", "MONGO_URL", "REDIS_URL", "CLICKHOUSE_URL", "KAFKA_BROKERS", "MEMORY_BUDGET_MB"};

std::string flag_of(std::string_view name) {
  auto flag = "--" + to_lower(name);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

void take_pair(const std::shared_ptr<SettingInputs>& inputs, const std::string& pair) {
  const auto equals = pair.find('=');
  if (equals == std::string::npos || equals == 0) throw CLI::ValidationError("--set", "needs NAME=VALUE");
  inputs->flags.push_back({pair.substr(0, equals), pair.substr(equals + 1), "--set"});
}

}  // namespace

std::shared_ptr<SettingInputs> add_settings_options(CLI::App& command) {
  auto inputs = std::make_shared<SettingInputs>();
  command
      .add_option_function<std::string>(
          "--config", [inputs](const std::string& path) { inputs->config_file = path; },
          "settings file (schedules_CONFIG; else ./schedules.toml if it is there)")
      ->type_name("FILE")
      ->group(kGroup);
  command
      .add_option_function<std::vector<std::string>>(
          "--set",
          [inputs](const std::vector<std::string>& pairs) {
            for (const auto& pair : pairs) take_pair(inputs, pair);
          },
          "any setting; `schedules config` lists them; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group(kGroup);
  for (const auto name : kCommon) {
    const auto& info = *find_setting(name);
    const auto flag = flag_of(name);
    command
        .add_option_function<std::string>(
            flag,
            [inputs, flag, name](const std::string& value) {
              inputs->flags.push_back({std::string(name), value, flag});
            },
            fmt::format("{} [{}]", info.meaning, info.fallback))
        ->type_name(info.kind == SettingKind::choice ? std::string(info.choices) : "VALUE")
        ->group(kGroup);
  }
  return inputs;
}

Result<Settings> read_settings(const std::shared_ptr<SettingInputs>& inputs) {
  inputs->environment = process_environment();
  return load_settings(*inputs);
}

}  // namespace schedules::cli
