// schedules_sim [--first N] [--seeds N] [--trace] [--break begin|put] [--expect-breach]
//
// Simulates a range of seeds. A breach prints its seed; `--first SEED --seeds 1 --trace` replays it. With --break a guard
// is taken out of the store (or, in the variants built for it, out of the engine): --expect-breach then succeeds only if
// some seed notices, and prints which.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/log.h"
#include "tests/sim/simulation.h"

namespace {

using schedules::sim::SimOptions;
using schedules::sim::SimReport;
using schedules::sim::simulate;

struct Arguments {
  uint64_t first = 1;
  uint64_t seeds = 1'000;
  bool expect_breach = false;
  SimOptions options;
};

Arguments read(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const auto value = [&] { return std::string(i + 1 < count ? values[++i] : ""); };
    if (name == "--first") arguments.first = std::strtoull(value().c_str(), nullptr, 10);
    if (name == "--seeds") arguments.seeds = std::strtoull(value().c_str(), nullptr, 10);
    if (name == "--trace") arguments.options.trace = true;
    if (name == "--expect-breach") arguments.expect_breach = true;
    if (name == "--break") {
      const auto guard = value();
      arguments.options.broken.begin_check = guard == "begin";
      arguments.options.broken.put_if_absent = guard == "put";
    }
  }
  return arguments;
}

}  // namespace

int main(int count, char** values) {
  auto arguments = read(count, values);
  schedules::log::configure(schedules::log::Level::off, schedules::log::Format::text);
  uint64_t accepted = 0;
  uint64_t published = 0;
  uint64_t crashes = 0;
  uint64_t claimed = 0;
  std::string noticed;
  uint64_t breaches = 0;
  for (uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    arguments.options.seed = seed;
    const SimReport report = simulate(arguments.options);
    accepted += report.accepted;
    published += report.published;
    crashes += report.crashes;
    claimed += report.claimed;
    if (report.breaches.empty()) continue;
    ++breaches;
    if (breaches <= 10) {
      noticed += " " + std::to_string(seed);
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), report.breaches.front().c_str());
    }
    if (!arguments.expect_breach && breaches >= 10) break;
  }
  // The same seed must give the same life, or no seed could be replayed.
  arguments.options.seed = arguments.first;
  if (simulate(arguments.options).hash != simulate(arguments.options).hash) {
    std::printf("seed %llu is not deterministic\n", static_cast<unsigned long long>(arguments.first));
    return 1;
  }
  std::printf("%llu seeds, %llu events accepted, %llu published, %llu claimed, %llu crashes: %llu with a breach%s\n",
              static_cast<unsigned long long>(arguments.seeds), static_cast<unsigned long long>(accepted),
              static_cast<unsigned long long>(published), static_cast<unsigned long long>(claimed),
              static_cast<unsigned long long>(crashes), static_cast<unsigned long long>(breaches),
              noticed.empty() ? "" : (", e.g." + noticed).c_str());
  return (breaches > 0) == arguments.expect_breach ? 0 : 1;
}
