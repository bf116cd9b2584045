// schedules serve: the server.
#include <CLI/CLI.hpp>

#include "app/serve.h"
#include "cli/commands.h"
#include "cli/settings_options.h"

namespace schedules::cli {

void add_serve(CLI::App& root, Session& session) {
  auto inputs = std::make_shared<std::shared_ptr<SettingInputs>>();
  auto& command = add_command(root, session, "serve", "Run the server.", [inputs] {
    const auto settings = read_settings(*inputs);
    return settings ? serve(*settings, **inputs) : report(settings.error());
  });
  *inputs = add_settings_options(command);
  command.footer(
      "The first line on stdout once it accepts is {\"event\":\"listening\",\"http\":\"http://…\"}; logs go to "
      "stderr.\n"
      "SIGTERM and Ctrl-C stop it cleanly, SIGHUP reads live settings again.");
}

}  // namespace schedules::cli
