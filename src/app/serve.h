// The server as a whole: builds a node from settings, runs it until a signal, stops it cleanly.
#pragma once

#include "config/load.h"
#include "config/settings.h"

namespace schedules {

/// Blocks until SIGTERM or SIGINT; SIGHUP reads `inputs` again and applies what is live. Prints the listening line on
/// stdout once requests are accepted. Answers the process's exit code: 0 after a clean stop, 1 with a message on stderr
/// if it cannot start.
int serve(const Settings& settings, const SettingInputs& inputs);

/// Brings every store to this version's layout, or says what that would do. Idempotent. Exit code as serve.
int migrate(const Settings& settings, bool dry_run);

}  // namespace schedules
