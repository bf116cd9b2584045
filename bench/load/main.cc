// schedules_load MODE [--server URL] [--pid SERVER_PID] [--name NAME] [--option value]...
// Puts load on a server and prints one JSON line of figures. dev/bench starts the servers and knows the targets.
#include <array>
#include <string_view>

#include "load/modes.h"

namespace {

using namespace schedules::load;

struct Mode {
  std::string_view name;
  std::string_view bench;
  void (*run)(const Common&, Options&);
  std::string_view options;
};

constexpr std::array kModes{
    Mode{"ingest-batch", "ingest_batch", ingest_batch, "--connections 4 --batch 1000 --events 400000"},
    Mode{"ingest-single", "ingest_single", ingest_single, "--connections 64 --events 100000"},
    Mode{"burst", "burst", burst, "--events 50000 --ahead 6 --patience 60"},
    Mode{"webhook", "webhook", webhook, "--events 10000 --ahead 6 --patience 60"},
    Mode{"lateness", "lateness", lateness, "--rate 100 --seconds 20 --lead 5 --jitter 1"},
    Mode{"list", "list", list, "--calls 200 --query limit=100"},
    Mode{"probe", "probe", probe, "--since WALL_US --patience 120"},
    Mode{"respond", "respond", respond, "--port 0"},
};

int usage() {
  std::fputs("usage: schedules_load MODE [--server URL] [--pid SERVER_PID] [--name NAME] [--option value]...\n",
             stderr);
  for (const auto& mode : kModes) {
    std::fprintf(stderr, "  %-14s %s\n", std::string(mode.name).c_str(), std::string(mode.options).c_str());
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return usage();
  for (const auto& mode : kModes) {
    if (mode.name != argv[1]) continue;
    Options options(argc, argv);
    Common common;
    common.server = address_of(options.text("server", "http://127.0.0.1:8480"));
    common.pid = options.number("pid", 0);
    common.name = options.text("name", std::string(mode.bench));
    mode.run(common, options);
    return 0;
  }
  return usage();
}
