// schedules_sim [--from N] [--seeds N] [--seed N] [--trace] [--json] [--break GUARD] [--expect-breach]
//
// Simulates a range of seeds. A breach prints its seed; `--seed SEED --trace` replays it. GUARD is begin, put, fencing,
// clock, late, claims or failover: it is taken out of the stores or the nodes' clocks (in the variants built for it, one is
// missing in the engine).
// --expect-breach then succeeds only if some seed notices, and prints which.
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "base/log.h"
#include "tests/sim/simulation.h"

namespace {

using schedules::sim::SimOptions;
using schedules::sim::SimReport;
using schedules::sim::simulate;

struct Arguments {
  uint64_t from = 1;
  uint64_t seeds = 1'000;
  bool expect_breach = false;
  bool json = false;
  SimOptions options;
};

bool take_out(const std::string& guard, SimOptions& options) {
  options.broken.begin_check = guard == "begin";
  options.broken.put_if_absent = guard == "put";
  options.broken.fencing = guard == "fencing";
  options.bounded_clocks = guard != "clock";
  options.late_requests_count = guard == "late";
  options.claims_given_back = guard != "claims";
  options.stores_look_alike = guard == "failover";
  static const std::set<std::string> known{"begin", "put", "fencing", "clock", "late", "claims", "failover"};
  return known.contains(guard);
}

bool read(int count, char** values, Arguments& arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const auto value = [&] { return std::string(i + 1 < count ? values[++i] : ""); };
    const auto number = [&] { return std::strtoull(value().c_str(), nullptr, 10); };
    if (name == "--from") {
      arguments.from = number();
    } else if (name == "--seeds") {
      arguments.seeds = number();
    } else if (name == "--seed") {
      arguments.from = number();
      arguments.seeds = 1;
    } else if (name == "--trace") {
      arguments.options.trace = true;
    } else if (name == "--expect-breach") {
      arguments.expect_breach = true;
    } else if (name == "--json") {
      arguments.json = true;
    } else if (name != "--break" || !take_out(value(), arguments.options)) {
      std::fprintf(stderr, "schedules_sim: %s is not known\n", name.c_str());
      return false;
    }
  }
  return true;
}

struct Totals {
  uint64_t seeds = 0;
  uint64_t nodes = 0;
  uint64_t accepted = 0;
  uint64_t published = 0;
  uint64_t claimed = 0;
  uint64_t excused = 0;
  std::map<std::string, uint64_t> faults;
  std::map<uint64_t, std::string> breaches;  ///< seed → the first of it

  void add(uint64_t seed, const SimReport& report) {
    ++seeds;
    nodes += report.nodes;
    accepted += report.accepted;
    published += report.published;
    claimed += report.claimed;
    excused += report.excused;
    for (const auto& [kind, times] : report.faults) faults[kind] += times;
    if (!report.breaches.empty()) breaches[seed] = report.breaches.front();
  }
  void print_json(uint64_t from) const {
    fmt::print(
        "{{\"from\": {}, \"seeds\": {}, \"nodes\": {}, \"accepted\": {}, \"published\": {}, \"claimed\": {}, "
        "\"excused\": {},\n \"faults\": {{",
        from, seeds, nodes, accepted, published, claimed, excused);
    const char* comma = "";
    for (const auto& [kind, times] : faults) fmt::print("{}\"{}\": {}", std::exchange(comma, ", "), kind, times);
    fmt::print("}},\n \"breaches\": [");
    comma = "";
    for (const auto& [seed, what] : breaches) {
      fmt::print("{}{{\"seed\": {}, \"breach\": \"{}\"}}", std::exchange(comma, ", "), seed, what);
    }
    fmt::print("]}}\n");
  }
  void print_text() const {
    for (const auto& [seed, what] : breaches) fmt::print("seed {}: {}\n", seed, what);
    fmt::print("{} seeds, {} nodes, {} events accepted, {} published, {} claimed, {} excused; {} seeds with a breach\n",
               seeds, nodes, accepted, published, claimed, excused, breaches.size());
    for (const auto& [kind, times] : faults) fmt::print("  {} {}\n", times, kind);
  }
};

}  // namespace

int main(int count, char** values) {
  Arguments arguments;
  if (!read(count, values, arguments)) return 2;
  schedules::log::configure(schedules::log::Level::off, schedules::log::Format::text);
  Totals totals;
  for (uint64_t seed = arguments.from; seed < arguments.from + arguments.seeds; ++seed) {
    arguments.options.seed = seed;
    totals.add(seed, simulate(arguments.options));
    if (totals.breaches.size() >= 10) break;
  }
  arguments.json ? totals.print_json(arguments.from) : totals.print_text();
  // The same seed must give the same life, or no seed could be replayed.
  arguments.options.seed = arguments.from;
  arguments.options.trace = false;
  if (simulate(arguments.options).hash != simulate(arguments.options).hash) {
    fmt::print(stderr, "seed {} is not deterministic\n", arguments.from);
    return 1;
  }
  return totals.breaches.empty() != arguments.expect_breach ? 0 : 1;
}
