// The options by which a command is told settings: --config, --set NAME=VALUE and a flag for each common setting.
#pragma once

#include <memory>

#include "base/result.h"
#include "cli/session.h"
#include "config/load.h"

namespace schedules::cli {

/// The options fill the answer's flags when the command line is read.
std::shared_ptr<SettingInputs> add_settings_options(CLI::App& command);
/// What the flags, this process's environment and the file say. Errors: all faults, see load_settings.
Result<Settings> read_settings(const std::shared_ptr<SettingInputs>& inputs);

}  // namespace schedules::cli
