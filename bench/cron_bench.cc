// ns per next(), averaged over 200 expressions: the stateless Recurrence::next, chained from 2026
// on.
//   cron_bench [CALLS] [ZONE...]      one JSON line a zone; default 1000 calls an expression
#include <chrono>
#include <cstdio>
#include <fstream>

#include "recurrence/recurrence.h"

namespace {

using namespace schedules;

constexpr TimePoint kStart{std::chrono::seconds{1'767'225'600}};    // 2026-01-01T00:00:00Z
constexpr TimePoint kRestart{std::chrono::seconds{3'786'912'000}};  // 2090-01-01T00:00:00Z
constexpr int kRounds = 5;

struct Named {
  std::string text;
  Recurrence rule;
};

std::vector<Named> load(const std::string& zone) {
  std::vector<Named> rules;
  std::ifstream file(SCHEDULES_BENCH_DIR "/cron_expressions.tsv");
  for (std::string line; std::getline(file, line);) {
    std::string text = line.substr(line.find('\t') + 1);
    auto rule = Recurrence::make({.cron = {text}, .timezone = zone});
    if (!rule) {
      std::fprintf(stderr, "%s: %s\n", text.c_str(), rule.error().detail.c_str());
      continue;
    }
    rules.push_back({std::move(text), std::move(*rule)});
  }
  return rules;
}

// ns a call for one expression. The sum keeps the compiler from dropping the work.
double measure(const Recurrence& rule, int calls, uint64_t& sum) {
  const TimePoint start{kStart - rule.zone().to_local(kStart).offset};
  TimePoint time = start;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) {
    const auto occurrence = rule.next(time);
    time = occurrence && occurrence->nominal < kRestart ? occurrence->nominal : start;
    sum += static_cast<uint64_t>(to_micros(time));
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / calls;
}

void run(const std::string& zone, int calls) {
  const auto rules = load(zone);
  if (rules.empty()) return;
  std::vector<double> means;
  double slowest = 0;
  std::string slowest_text;
  uint64_t sum = 0;
  for (int round = 0; round < kRounds; ++round) {
    double total = 0;
    for (const auto& [text, rule] : rules) {
      const double ns = measure(rule, calls, sum);
      total += ns;
      if (round > 0 && ns > slowest) {
        slowest = ns;
        slowest_text = text;
      }
    }
    means.push_back(total / static_cast<double>(rules.size()));
  }
  std::ranges::sort(means);
  fmt::print(
      "{{\"bench\":\"cron_next\",\"zone\":\"{}\",\"expressions\":{},\"calls\":{},\"ns_per_next\":{:"
      ".1f},"
      "\"median_of\":{},\"best\":{:.1f},\"worst\":{:.1f},\"slowest_ns\":{:.1f},\"slowest\":\"{}\","
      "\"checksum\":{}}}\n",
      zone, rules.size(), calls, means[means.size() / 2], kRounds, means.front(), means.back(), slowest, slowest_text,
      sum);
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1000;
  std::vector<std::string> zones(argv + std::min(argc, 2), argv + argc);
  if (zones.empty()) zones = {"UTC", "America/New_York"};
  for (const auto& zone : zones) run(zone, calls);
}
