// Adds up executions into figures: lateness one by one while few, so that percentiles are exact; in
// a histogram once the shared allowance is used up.
#pragma once

#include <cstdint>
#include <vector>

#include "store/execution_store.h"
#include "store/sqlite/execution_hours.h"

namespace schedules::sqlite {

class Figures {
 public:
  /// `allowance`: how many values may still be kept, shared by all figures of one answer. Outlives
  /// them.
  explicit Figures(size_t& allowance) : allowance_(allowance) {}

  void add(RunStatus status, int64_t lateness_micros, int64_t duration_micros);
  void add(const HourSums& sums);
  /// mean_duration_ms is of all that have a duration; `last` is left empty.
  ExecutionStats answer();

 private:
  void give_up_exactness();
  double percentile_ms(uint64_t percent);

  size_t& allowance_;
  HourSums sums_;  ///< its histogram is used once exact_ is false
  bool exact_ = true;
  std::vector<int64_t> kept_;
};

}  // namespace schedules::sqlite
