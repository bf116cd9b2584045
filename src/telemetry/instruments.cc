#include "telemetry/instruments.h"

namespace schedules {

void Histogram::observe_all(std::span<const double> values) {
  std::array<uint64_t, kMaxBuckets> counts{};
  double sum = 0;
  for (const double value : values) {
    ++counts[bucket_of(value)];
    sum += value;
  }
  for (size_t i = 0; i <= bounds_.size(); ++i) {
    if (counts[i] > 0) buckets_[i].fetch_add(counts[i], std::memory_order_relaxed);
  }
  if (!values.empty()) sum_.fetch_add(sum, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot out;
  for (size_t i = 0; i <= bounds_.size(); ++i) out.counts.push_back(buckets_[i].load(std::memory_order_relaxed));
  out.sum = sum_.load(std::memory_order_relaxed);
  return out;
}

}  // namespace schedules
