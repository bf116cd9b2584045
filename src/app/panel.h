// Settings in the shape that the API takes: authentication, and the framework's settings page.
#pragma once

#include "api/auth.h"
#include "api/deps.h"
#include "config/settings.h"

namespace schedules {

/// Mode stufio needs `users`. Errors: io_error (the public key file), invalid_argument (a mode that is not available).
Result<api::AuthOptions> auth_from(const Settings& settings, api::UserDirectory* users = nullptr);
/// Overrides are kept in memory. `apply` is given the settings with those of live settings in place; others are shown
/// and change nothing before a restart, which forgets them. It may be called on any thread.
api::SettingsPanel settings_panel(const Settings& settings, std::function<void(const Settings&)> apply);

}  // namespace schedules
