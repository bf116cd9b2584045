// schedules config: every setting with value, source, default, unit and meaning.
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/settings_options.h"
#include "config/report.h"

namespace schedules::cli {
namespace {

struct ConfigOptions {
  std::shared_ptr<SettingInputs> inputs;
  bool markdown = false;
  bool changed = false;
};

void print_settings(const Settings& settings, bool changed_only) {
  std::vector<std::vector<std::string>> rows{{"NAME", "VALUE", "SOURCE", "DEFAULT", "UNIT", "MEANING"}};
  for (const auto& info : setting_table()) {
    const auto& origin = settings.origins[info.index];
    if (changed_only && origin.source == Source::fallback) continue;
    auto source = std::string(to_string(origin.source));
    if (!origin.where.empty()) source += fmt::format(" ({})", origin.where);
    rows.push_back({std::string(info.name), printable(show_masked(settings, info)), printable(source),
                    std::string(info.fallback), std::string(info.unit), std::string(info.meaning)});
  }
  print_table(rows);
}

int run_config(const ConfigOptions& options, Output output) {
  if (options.markdown) return print(settings_markdown()), kDone;
  const auto settings = read_settings(options.inputs);
  if (!settings) return report(settings.error());
  if (output == Output::json) {
    print_line(settings_json(*settings));
  } else {
    print_settings(*settings, options.changed);
  }
  return kDone;
}

}  // namespace

void add_config(CLI::App& root, Session& session) {
  auto options = std::make_shared<ConfigOptions>();
  auto& command = add_command(root, session, "config", "Show every setting: value, source, default, unit, meaning.",
                              [options, &session] { return run_config(*options, session.output); });
  command.add_flag("--changed", options->changed, "only what is not the default (table)");
  command.add_flag("--markdown", options->markdown, "the reference page, docs/settings.md");
  add_output_option(command, session);
  options->inputs = add_settings_options(command);
}

}  // namespace schedules::cli
