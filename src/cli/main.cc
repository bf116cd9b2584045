// The program: reads the command line, runs the chosen command, gives its exit code.
#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/version.h"

// jemalloc reads this: memory that a burst of requests has used goes back to the system within a second.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:200,muzzy_decay_ms:0,background_thread:true";
}

namespace schedules::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 refused or failed, 2 bad usage. `schedules COMMAND --help` tells more.\n"
    "Start a server with `schedules serve`, then try `schedules event put --topic hello --action greet --in 5s`.";

int run(int argc, char** argv) {
  CLI::App root("Schedules: publishes events when they are due.", "schedules");
  auto session = Session::from_environment();
  root.set_version_flag("--version", std::string("schedules ") + std::string(version()));
  root.require_subcommand(1);
  add_client_options(root, session);  // so that they may stand before the command, too
  root.footer(kFooter);
  add_serve(root, session);
  add_next(root, session);
  add_event(root, session);
  add_schedule(root, session);
  add_definitions(root, session);
  add_import(root, session);
  add_tail(root, session);
  add_dead(root, session);
  add_status(root, session);
  add_doctor(root, session);
  add_migrate(root, session);
  add_config(root, session);
  add_token(root, session);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? kDone : kBadUsage;
  }
  const int code = session.run();
  flush_output();
  return code;
}

}  // namespace
}  // namespace schedules::cli

int main(int argc, char** argv) {
  // A closed pipe or connection is an error of the write, never the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return schedules::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "schedules: internal: %s\n", error.what());
    return schedules::cli::kFailed;
  }
}
