#include "store/sqlite/figures.h"

#include <algorithm>

namespace schedules::sqlite {

void Figures::add(RunStatus status, int64_t lateness_micros, int64_t duration_micros) {
  if (!exact_) {
    sums_.add(status, lateness_micros, duration_micros);
    return;
  }
  // As HourSums::add, but without its histogram, which costs more than a vector.
  ++sums_.total;
  if (duration_micros > 0) {
    ++sums_.timed;
    sums_.duration_sum += duration_micros;
  }
  if (status == RunStatus::skipped) ++sums_.skipped;
  if (status != RunStatus::success && status != RunStatus::failure) return;
  ++(status == RunStatus::success ? sums_.succeeded : sums_.failed);
  sums_.lateness_sum += lateness_micros;
  if (allowance_ == 0) {
    give_up_exactness();
    sums_.lateness.add(lateness_micros);
    return;
  }
  --allowance_;
  kept_.push_back(lateness_micros);
}

void Figures::add(const HourSums& sums) {
  if (exact_) give_up_exactness();
  sums_.add(sums);
}

void Figures::give_up_exactness() {
  for (const int64_t value : kept_) sums_.lateness.add(value);
  allowance_ += kept_.size();
  kept_ = {};
  exact_ = false;
}

double Figures::percentile_ms(uint64_t percent) {
  const auto tried = static_cast<uint64_t>(sums_.succeeded + sums_.failed);
  if (tried == 0) return 0;
  const uint64_t rank = (tried * percent + 99) / 100;
  if (!exact_) return sums_.lateness.at_rank(rank) / 1000;
  const auto wanted = kept_.begin() + static_cast<int64_t>(rank) - 1;
  std::nth_element(kept_.begin(), wanted, kept_.end());
  return static_cast<double>(*wanted) / 1000;
}

ExecutionStats Figures::answer() {
  ExecutionStats stats{.total = static_cast<uint64_t>(sums_.total),
                       .succeeded = static_cast<uint64_t>(sums_.succeeded),
                       .failed = static_cast<uint64_t>(sums_.failed),
                       .skipped = static_cast<uint64_t>(sums_.skipped),
                       .timed = static_cast<uint64_t>(sums_.timed)};
  const int64_t tried = sums_.succeeded + sums_.failed;
  if (tried > 0) {
    stats.mean_lateness_ms = static_cast<double>(sums_.lateness_sum) / static_cast<double>(tried) / 1000;
  }
  if (sums_.timed > 0) {
    stats.mean_duration_ms = static_cast<double>(sums_.duration_sum) / static_cast<double>(sums_.timed) / 1000;
  }
  stats.p50_lateness_ms = percentile_ms(50);
  stats.p95_lateness_ms = percentile_ms(95);
  stats.p99_lateness_ms = percentile_ms(99);
  return stats;
}

}  // namespace schedules::sqlite
