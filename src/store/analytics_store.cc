#include "store/analytics_store.h"

#include <algorithm>
#include <map>

namespace schedules {
namespace {

double joined_mean(double mean, uint64_t count, double other, uint64_t other_count) {
  const uint64_t all = count + other_count;
  if (all == 0) return 0;
  return (mean * static_cast<double>(count) + other * static_cast<double>(other_count)) / static_cast<double>(all);
}

}  // namespace

void AnalyticsFigures::add(const AnalyticsFigures& other) {
  mean_processing_ms = joined_mean(mean_processing_ms, processed, other.mean_processing_ms, other.processed);
  mean_queue_ms = joined_mean(mean_queue_ms, queued, other.mean_queue_ms, other.queued);
  total += other.total;
  info += other.info;
  warning += other.warning;
  error += other.error;
  succeeded += other.succeeded;
  processed += other.processed;
  queued += other.queued;
}

std::vector<AnalyticsGroup> merged(std::vector<AnalyticsGroup> groups, const std::vector<AnalyticsGroup>& more,
                                   size_t most) {
  std::map<std::string, AnalyticsFigures> by_key;
  for (const auto& group : groups) by_key[group.key].add(group.figures);
  for (const auto& group : more) by_key[group.key].add(group.figures);
  groups.clear();
  for (auto& [key, figures] : by_key) groups.push_back({key, figures});
  if (groups.size() <= most) return groups;
  std::ranges::stable_sort(groups, std::ranges::greater{}, [](const auto& group) { return group.figures.total; });
  groups.resize(most);
  std::ranges::sort(groups, {}, &AnalyticsGroup::key);
  return groups;
}

std::vector<ErrorPattern> merged(std::vector<ErrorPattern> patterns, const std::vector<ErrorPattern>& more,
                                 size_t most) {
  for (const auto& pattern : more) {
    const auto found = std::ranges::find(patterns, pattern.error, &ErrorPattern::error);
    if (found == patterns.end()) {
      patterns.push_back(pattern);
    } else {
      found->count += pattern.count;
      found->last_at = std::max(found->last_at, pattern.last_at);
    }
  }
  std::ranges::sort(
      patterns, [](const auto& a, const auto& b) { return std::pair(b.count, a.error) < std::pair(a.count, b.error); });
  if (patterns.size() > most) patterns.resize(most);
  return patterns;
}

}  // namespace schedules
