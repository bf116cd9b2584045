// What every command shares: the options that many commands have, the chosen command, exit codes. Owned by main; one
// thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace schedules::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;    ///< refused or failed
inline constexpr int kBadUsage = 2;  ///< the command line cannot be understood

enum class Output { table, json };

struct Session {
  std::string server;      ///< --server, schedules_SERVER, else the default
  std::string token_file;  ///< --token-file, schedules_TOKEN_FILE
  std::string token;       ///< schedules_TOKEN
  Output output = Output::table;
  std::function<int()> run;  ///< set by the command that was chosen; gives the exit code

  /// Reads the client's variables, in any case.
  static Session from_environment();
};

/// A subcommand which must itself be followed by one of its own subcommands.
CLI::App& add_group(CLI::App& parent, const std::string& name, const std::string& description);
/// A subcommand which runs `run` when it is chosen.
CLI::App& add_command(CLI::App& parent, Session& session, const std::string& name, const std::string& description,
                      std::function<int()> run);
/// --output table|json
void add_output_option(CLI::App& command, Session& session);
/// --server, --token-file and --output
void add_client_options(CLI::App& command, Session& session);

/// Prints "schedules: code: detail (field f, column c)" and one line per further fault; gives kFailed.
int report(const Error& error);
/// The same for what the user typed; gives kBadUsage.
int report_usage(std::string_view what);

}  // namespace schedules::cli
