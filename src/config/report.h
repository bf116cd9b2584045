// The settings as others read them: `schedules config`, the admin panel's metadata, docs/settings.md.
#pragma once

#include <string>

#include "base/result.h"
#include "config/settings.h"

namespace schedules {

/// JSON array, one object a setting: name, value, source, where, default, unit, kind, group, live, meaning. Secrets
/// are masked.
std::string settings_json(const Settings& settings);
/// The value as JSON: number, boolean, text or array. Secrets are masked.
std::string setting_value_json(const Settings& settings, const SettingInfo& info);
/// `{"schedules_NAME":{"source":…,"where":…},…}` of every setting; the panel's are "override".
std::string setting_sources_json(const Settings& settings);
/// The panel's `{settings:{key:meta}, groups:{…}, subgroups:{group:[…]}}`; keys are "schedules_NAME".
std::string panel_schemas_json();
/// The panel's bounds for a value that is to be saved, narrower than the setting's own. Errors as set_setting.
Status check_panel_value(const SettingInfo& info, std::string_view text);
/// docs/settings.md.
std::string settings_markdown();

}  // namespace schedules
