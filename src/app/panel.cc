#include "app/panel.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>

#include <boost/json/parse.hpp>

#include "config/report.h"

namespace schedules {
namespace {

constexpr std::array<std::string_view, 9> kAlgorithms{"HS256", "HS384", "HS512", "RS256", "RS384",
                                                      "RS512", "ES256", "ES384", "ES512"};

struct Overrides {
  std::mutex mutex;
  Settings shown;    ///< with every override
  Settings running;  ///< with those of live settings
};

// The text that set_setting reads: a JSON text without its quotes, anything else as it is.
std::string plain(const std::string& json) {
  boost::system::error_code error;
  const auto value = boost::json::parse(json, error);
  if (!error && value.is_string()) return std::string(value.as_string());
  return value.is_null() ? std::string() : json;
}

Status check_change(const api::SettingChange& change) {
  const auto* info = find_setting(change.key);
  if (info == nullptr) {
    return fail_field(Code::unknown_field, change.key, "there is no such setting{}", suggest_setting(change.key));
  }
  return check_panel_value(*info, plain(change.value_json));
}

// All or none.
Status take(Overrides& overrides, const std::vector<api::SettingChange>& changes,
            const std::function<void(const Settings&)>& apply) {
  for (const auto& change : changes) {
    if (auto checked = check_change(change); !checked) return checked;
  }
  const std::scoped_lock lock(overrides.mutex);
  Settings shown = overrides.shown;
  Settings running = overrides.running;
  bool live = false;
  for (const auto& change : changes) {
    const auto& info = *find_setting(change.key);
    if (auto set = set_setting(shown, info, plain(change.value_json), {}); !set) return set;
    if (!info.live) continue;
    live = true;
    if (auto set = set_setting(running, info, plain(change.value_json), {}); !set) return set;
  }
  if (auto checked = check_settings(shown); !checked) return checked;
  overrides.shown = std::move(shown);
  overrides.running = std::move(running);
  if (live && apply) apply(overrides.running);
  return {};
}

}  // namespace

Result<api::AuthOptions> auth_from(const Settings& settings, api::UserDirectory* users) {
  api::AuthOptions options;
  options.cors_origins = settings.cors_origins;
  if (settings.auth == AuthMode::none) return options;
  const bool stufio = settings.auth == AuthMode::stufio;
  if (stufio && users == nullptr) {
    return fail_field(Code::invalid_argument, "schedules_AUTH",
                      "stufio looks users up in MongoDB, and none is set here (schedules_MONGO_URL); use token");
  }
  options.mode = stufio ? api::AuthOptions::Mode::stufio : api::AuthOptions::Mode::token;
  options.users = users;
  options.open_monitoring = settings.open_monitoring;
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

api::SettingsPanel settings_panel(const Settings& settings, std::function<void(const Settings&)> apply) {
  auto overrides = std::make_shared<Overrides>();
  overrides->shown = settings;
  overrides->running = settings;
  return api::SettingsPanel{
      .schemas_json = [] { return panel_schemas_json(); },
      .value_json = [overrides](std::string_view key) -> std::optional<std::string> {
        const auto* info = find_setting(key);
        if (info == nullptr) return std::nullopt;
        const std::scoped_lock lock(overrides->mutex);
        return setting_value_json(overrides->shown, *info);
      },
      .save = [overrides, apply = std::move(apply)](const std::vector<api::SettingChange>& changes,
                                                    Done<void> done) { done(take(*overrides, changes, apply)); },
      .refresh = [](Done<void> done) { done({}); },
      .restart_required = [](std::string_view key) {
        const auto* info = find_setting(key);
        return info == nullptr || !info->live;
      },
      .secret = [](std::string_view key) {
        const auto* info = find_setting(key);
        return info != nullptr && (info->kind == SettingKind::secret || info->kind == SettingKind::url);
      }};
}

}  // namespace schedules
