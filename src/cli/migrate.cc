// schedules migrate: brings stores to this version's layout.
#include <CLI/CLI.hpp>

#include "app/serve.h"
#include "cli/commands.h"
#include "cli/settings_options.h"

namespace schedules::cli {

void add_migrate(CLI::App& root, Session& session) {
  struct Options {
    std::shared_ptr<SettingInputs> inputs;
    bool dry_run = false;
  };
  auto options = std::make_shared<Options>();
  auto& command = add_command(root, session, "migrate", "Bring the stores to this version's layout.", [options] {
    const auto settings = read_settings(options->inputs);
    return settings ? migrate(*settings, options->dry_run) : report(settings.error());
  });
  command.add_flag("--dry-run", options->dry_run, "say what would be done, change nothing");
  options->inputs = add_settings_options(command);
}

}  // namespace schedules::cli
