#include <random>

#include "tests/conformance/execution_suite.h"

namespace schedules::testing {

std::vector<Execution> random_executions(size_t count, uint64_t seed) {
  const auto random = seeded_random(seed);
  const auto below = [&](uint64_t bound) { return random->below(bound); };
  std::vector<Execution> made;
  TimePoint at = at_second(0);
  while (made.size() < count) {
    at = at_second(static_cast<int64_t>(below(7 * 86'400))) + Duration{below(1'000'000)};
    for (uint64_t burst = 1 + below(6); burst > 0 && made.size() < count; --burst) {
      const uint64_t number = made.size();
      auto execution = full_execution(number);
      execution.executed_at = at;
      // From microseconds to days, as a log scale has to take.
      execution.due_at = at - Duration{below(uint64_t{1} << below(38))};
      execution.duration = Duration{below(3) == 0 ? 0 : below(5'000'000)};
      execution.schedule_id = below(3) == 0 ? "" : object_id(static_cast<uint32_t>(below(8)));
      execution.event_id = event_id(below(count));
      execution.entity_type = below(2) == 0 ? "order" : "invoice";
      execution.action = std::array{"created", "deleted", "paid"}[below(3)];
      execution.topic = fmt::format("topic {}", below(3));
      execution.status = static_cast<RunStatus>(below(4));
      execution.state = static_cast<State>(below(6));
      execution.error = execution.status == RunStatus::failure ? fmt::format("error {}\nat {}", below(4), number) : "";
      made.push_back(std::move(execution));
    }
  }
  return made;
}

std::vector<Execution> matching(const std::vector<Execution>& all, const ExecutionFilter& f) {
  std::vector<Execution> chosen;
  const auto fits = [](const auto& wanted, const auto& value) { return !wanted || *wanted == value; };
  for (const auto& e : all) {
    if (fits(f.schedule_id, e.schedule_id) && fits(f.event_id, e.event_id) && fits(f.topic, e.topic) &&
        fits(f.entity_type, e.entity_type) && fits(f.entity_id, e.entity_id) && fits(f.action, e.action) &&
        fits(f.correlation_id, e.correlation_id) && fits(f.state, e.state) && fits(f.status, e.status) &&
        (!f.from || e.executed_at >= *f.from) && (!f.to || e.executed_at < *f.to)) {
      chosen.push_back(e);
    }
  }
  std::ranges::sort(chosen, [](const auto& a, const auto& b) {
    return std::tie(a.executed_at, a.id) > std::tie(b.executed_at, b.id);
  });
  return chosen;
}

ExecutionStats brute_force_stats(const std::vector<Execution>& chosen, bool in_group) {
  ExecutionStats stats{.total = chosen.size()};
  std::vector<double> lateness_ms;
  double duration_sum = 0;
  double timed = 0;
  for (const auto& e : chosen) {
    if (e.status == RunStatus::success) ++stats.succeeded;
    if (e.status == RunStatus::failure) ++stats.failed;
    if (e.status == RunStatus::skipped) ++stats.skipped;
    if (e.status == RunStatus::success || e.status == RunStatus::failure) {
      lateness_ms.push_back(static_cast<double>((e.executed_at - e.due_at).count()) / 1000);
    }
    if (e.duration.count() > 0) ++stats.timed;
    if (e.duration.count() > 0 && (in_group || timed < 100)) {
      duration_sum += static_cast<double>(e.duration.count()) / 1000;
      ++timed;
    }
  }
  if (timed > 0) stats.mean_duration_ms = duration_sum / timed;
  if (!in_group && !chosen.empty()) stats.last = chosen.front();
  if (lateness_ms.empty()) return stats;
  std::ranges::sort(lateness_ms);
  double sum = 0;
  for (const double value : lateness_ms) sum += value;
  const auto percentile = [&](size_t percent) { return lateness_ms[(lateness_ms.size() * percent + 99) / 100 - 1]; };
  stats.mean_lateness_ms = sum / static_cast<double>(lateness_ms.size());
  stats.p50_lateness_ms = percentile(50);
  stats.p95_lateness_ms = percentile(95);
  stats.p99_lateness_ms = percentile(99);
  return stats;
}

}  // namespace schedules::testing
