// Counters, gauges and histograms that many threads write without a lock, and families of them by label values.
// Everything here is thread-safe. A write costs a few atomic adds.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace schedules {

/// Distinct sets of label values that a family keeps; more are counted as "other".
inline constexpr size_t kMaxLabelSets = 100;

class Counter {
 public:
  /// `n` must not be negative.
  void add(double n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  /// For totals that are read from elsewhere, such as CPU time.
  void set_total(double total) { value_.store(total, std::memory_order_relaxed); }
  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double change) { value_.fetch_add(change, std::memory_order_relaxed); }
  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Bucket i counts values ≤ bounds[i]; one more takes the rest.
class Histogram {
 public:
  static constexpr size_t kMaxBuckets = 32;

  /// `bounds` ascend, at most kMaxBuckets - 1, and outlive the histogram.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}

  void observe(double value) { observe_n(value, 1); }
  /// The same value `n` times, for a batch that has one duration.
  void observe_n(double value, uint64_t n) {
    buckets_[bucket_of(value)].fetch_add(n, std::memory_order_relaxed);
    sum_.fetch_add(value * static_cast<double>(n), std::memory_order_relaxed);
  }
  /// Many values with one atomic add per bucket that they touch.
  void observe_all(std::span<const double> values);

  struct Snapshot {
    std::vector<uint64_t> counts;  ///< per bucket, not cumulative; the last one is +Inf
    double sum = 0;
  };
  [[nodiscard]] Snapshot snapshot() const;
  [[nodiscard]] std::span<const double> bounds() const { return bounds_; }

 private:
  [[nodiscard]] size_t bucket_of(double value) const {
    return static_cast<size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  }

  std::span<const double> bounds_;
  std::array<std::atomic<uint64_t>, kMaxBuckets> buckets_{};
  std::atomic<double> sum_{0};
};

/// One instrument per set of label values. References stay good as long as the family: keep them on hot paths.
template <class Instrument>
class Family {
 public:
  explicit Family(size_t labels, std::span<const double> bounds = {}) : labels_(labels), bounds_(bounds) {}

  /// One value per label of the family, in the order of metrics.def.
  Instrument& at(std::initializer_list<std::string_view> values) {
    Key key(values.begin(), values.end());
    key.resize(labels_);
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = children_.find(key); found != children_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    if (!children_.contains(key) && children_.size() >= kMaxLabelSets) key.assign(labels_, "other");
    auto& child = children_[std::move(key)];
    if (!child) child = make();
    return *child;
  }

  /// Forgets every set of values, as for gauges of things that are gone. References become bad.
  void clear() {
    const std::unique_lock lock(mutex_);
    children_.clear();
  }

  /// Calls back with each set of values and its instrument, in order of the values.
  template <class Visit>
  void each(Visit visit) const {
    const std::shared_lock lock(mutex_);
    for (const auto& [values, child] : children_) visit(values, *child);
  }

 private:
  using Key = std::vector<std::string>;

  std::unique_ptr<Instrument> make() const {
    if constexpr (std::is_same_v<Instrument, Histogram>) {
      return std::make_unique<Histogram>(bounds_);
    } else {
      return std::make_unique<Instrument>();
    }
  }

  size_t labels_;
  std::span<const double> bounds_;
  mutable std::shared_mutex mutex_;
  std::map<Key, std::unique_ptr<Instrument>> children_;
};

}  // namespace schedules
