#include "cli/session.h"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "cli/output.h"
#include "config/load.h"

namespace schedules::cli {
namespace {

constexpr std::string_view kDefaultServer = "http://127.0.0.1:8480";

void print_fault(const Error& error) {
  std::string line = fmt::format("schedules: {}: {}", to_string(error.code), error.detail);
  if (!error.field.empty()) line += fmt::format(" (field {})", error.field);
  if (error.column >= 0) line += fmt::format(" (column {})", error.column + 1);
  complain(line);
}

}  // namespace

Session Session::from_environment() {
  Session session;
  session.server = kDefaultServer;
  for (const auto& [name, value] : process_environment()) {
    if (value.empty()) continue;
    const auto lower = to_lower(name);
    if (lower == "schedules_server") session.server = value;
    if (lower == "schedules_token") session.token = value;
    if (lower == "schedules_token_file") session.token_file = value;
  }
  return session;
}

CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description) {
  auto& group = *parent.add_subcommand(name, description);
  group.require_subcommand(1);
  return group;
}

CLI::App& add_command(CLI::App& parent, Session& session, const std::string& name, const std::string& description,
                      std::function<int()> run) {
  auto& command = *parent.add_subcommand(name, description);
  command.callback([&session, run = std::move(run)] { session.run = run; });
  return command;
}

void add_output_option(CLI::App& command, Session& session) {
  static const std::map<std::string, Output> kOutputs{{"table", Output::table}, {"json", Output::json}};
  command.add_option("-o,--output", session.output, "how to print: table or json")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case))
      ->type_name("table|json");
}

void add_client_options(CLI::App& command, Session& session) {
  command.add_option("--server", session.server, "the server's address (schedules_SERVER)")->type_name("URL");
  command.add_option("--token-file", session.token_file, "file with the bearer token (or schedules_TOKEN holds it)")
      ->type_name("FILE");
  add_output_option(command, session);
}

int report(const Error& error) {
  print_fault(error);
  for (const auto& fault : error.more) print_fault(fault);
  return kFailed;
}

int report_usage(std::string_view what) {
  complain(fmt::format("schedules: {}", what));
  return kBadUsage;
}

}  // namespace schedules::cli
