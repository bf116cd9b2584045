// Settings in the shape that the API takes: authentication, and the framework's settings page.
#pragma once

#include "api/auth.h"
#include "api/deps.h"
#include "config/settings.h"

namespace schedules {

/// Errors: io_error (the public key file), invalid_argument (a mode that is not available).
Result<api::AuthOptions> auth_from(const Settings& settings);
/// Overrides are kept for display, in memory; they do not change the running values.
api::SettingsPanel settings_panel(const Settings& settings);

}  // namespace schedules
