#include "app/serve.h"

#include <signal.h>
#include <sys/resource.h>

#include <cstdio>

#include "app/node.h"
#include "base/log.h"
#include "base/text.h"

namespace schedules {
namespace {

// The signals are taken by sigwait in one place; every thread made later inherits the mask.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return set;
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
}

void say_listening(const Node& node, const Settings& settings) {
  std::string line = R"({"event":"listening","http":)";
  append_json_string(line, node.address());
  line += R"(,"version":)";
  append_json_string(line, SCHEDULES_VERSION);
  line += R"(,"data_dir":)";
  append_json_string(line, settings.data_dir);
  line += R"(,"node_id":)";
  append_json_string(line, settings.node_id);
  line += "}\n";
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

void reload(Node& node, Settings& running, const SettingInputs& inputs) {
  auto reloaded = reload_settings(running, inputs);
  if (!reloaded) {
    log::error("settings.reload_refused", {{"faults", describe_faults(reloaded.error())}});
    return;
  }
  running = reloaded->settings;
  node.reload(running);
  log::info("settings.reloaded", {{"changed", fmt::format("{}", fmt::join(reloaded->changed, ","))},
                                  {"need_restart", fmt::format("{}", fmt::join(reloaded->need_restart, ","))}});
}

int refuse(const Error& error) {
  log::error("serve.failed",
             {{"code", std::string(to_string(error.code))}, {"error", error.detail}, {"field", error.field}});
  std::fprintf(stderr, "schedules: %s\n", error.detail.c_str());
  return 1;
}

}  // namespace

int serve(const Settings& settings, const SettingInputs& inputs) {
  const sigset_t signals = block_signals();
  raise_file_limit();
  log::configure(settings.log_level, settings.log_format);
  auto node = Node::start(settings);
  if (!node) return refuse(node.error());
  say_listening(**node, settings);
  log::info("serve.started", {{"http", (*node)->address()}, {"data_dir", settings.data_dir}});
  Settings running = settings;
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) break;
    reload(**node, running, inputs);
  }
  log::info("serve.stopping");
  const bool all = (*node)->stop(std::chrono::seconds(settings.shutdown_timeout_seconds));
  node->reset();
  log::info("serve.stopped", {{"clean", all ? "true" : "false"}});
  return 0;
}

}  // namespace schedules
