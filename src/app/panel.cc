#include "app/panel.h"

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>

#include "config/report.h"

namespace schedules {
namespace {

constexpr std::array<std::string_view, 9> kAlgorithms{"HS256", "HS384", "HS512", "RS256", "RS384",
                                                      "RS512", "ES256", "ES384", "ES512"};

struct Overrides {
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> values;  // JSON text by key
};

// "text" of a JSON scalar, as set_setting reads it.
std::string plain(std::string_view json) {
  if (json.size() >= 2 && json.front() == '"' && json.back() == '"') json = json.substr(1, json.size() - 2);
  return std::string(json);
}

Status check_change(const api::SettingChange& change) {
  const auto* info = find_setting(change.key);
  if (info == nullptr) {
    return fail_field(Code::unknown_field, change.key, "there is no such setting{}", suggest_setting(change.key));
  }
  return check_panel_value(*info, plain(change.value_json));
}

}  // namespace

Result<api::AuthOptions> auth_from(const Settings& settings) {
  api::AuthOptions options;
  options.cors_origins = settings.cors_origins;
  if (settings.auth == AuthMode::none) return options;
  if (settings.auth == AuthMode::stufio) {
    return fail_field(Code::invalid_argument, "schedules_AUTH",
                      "stufio needs the users of a MongoDB, and this build has no MongoDB store; use token");
  }
  options.mode = api::AuthOptions::Mode::token;
  options.keys.algorithm = kAlgorithms.at(static_cast<size_t>(settings.jwt_algo));
  options.keys.secret = settings.secret_key;
  if (!settings.jwt_public_key_file.empty()) {
    std::ifstream file(settings.jwt_public_key_file);
    if (!file) {
      return fail_field(Code::io_error, "schedules_JWT_PUBLIC_KEY_FILE", "cannot read {}", settings.jwt_public_key_file);
    }
    options.keys.public_keys.assign(std::istreambuf_iterator<char>(file), {});
  }
  return options;
}

api::SettingsPanel settings_panel(const Settings& settings) {
  auto overrides = std::make_shared<Overrides>();
  return api::SettingsPanel{
      .schemas_json = [] { return panel_schemas_json(); },
      .value_json = [overrides, settings](std::string_view key) -> std::optional<std::string> {
        const auto* info = find_setting(key);
        if (info == nullptr) return std::nullopt;
        const std::scoped_lock lock(overrides->mutex);
        const auto found = overrides->values.find(key);
        return found != overrides->values.end() ? found->second : setting_value_json(settings, *info);
      },
      .save =
          [overrides](std::vector<api::SettingChange> changes, Done<void> done) {
            for (const auto& change : changes) {
              if (auto checked = check_change(change); !checked) return done(fail(checked.error()));
            }
            {
              const std::scoped_lock lock(overrides->mutex);
              for (auto& change : changes) overrides->values[change.key] = change.value_json;
            }
            done({});
          },
      .refresh = [](Done<void> done) { done({}); }};
}

}  // namespace schedules
