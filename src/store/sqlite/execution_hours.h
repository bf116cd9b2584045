// The hourly sums of executions, by kind of event. Everything in them adds and subtracts, so that
// they stay equal to the rows through appends and expiry.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "model/schedule.h"
#include "store/sqlite/database.h"
#include "store/sqlite/histogram.h"

namespace schedules::sqlite {

inline constexpr int64_t kHourMicros = 3'600'000'000;

struct HourSums {
  int64_t total = 0;
  int64_t succeeded = 0;
  int64_t failed = 0;
  int64_t skipped = 0;
  int64_t lateness_sum = 0;  ///< of the tried ones: succeeded and failed
  int64_t timed = 0;         ///< those with a duration
  int64_t duration_sum = 0;
  Histogram lateness;  ///< of the tried ones

  void add(RunStatus status, int64_t lateness_micros, int64_t duration_micros);
  void add(const HourSums& other, int64_t sign = 1);
};

/// What one append or one step of expiry changes in the sums.
class HourChanges {
 public:
  void add(int64_t executed_at, std::string_view entity_type, std::string_view action, RunStatus status,
           int64_t lateness_micros, int64_t duration_micros);
  /// Adds to the stored sums, or takes away where `sign` is -1; empty sums leave no row.
  Status apply(Database& database, int64_t sign) const;

 private:
  struct Key {
    int64_t hour = 0;
    std::string entity_type;
    std::string action;
    auto operator<=>(const Key&) const = default;
  };
  struct KeyView {
    int64_t hour;
    std::string_view entity_type;
    std::string_view action;
  };
  struct KeyLess {
    using is_transparent = void;
    static auto tie(const auto& key) {
      return std::tuple(key.hour, std::string_view(key.entity_type), std::string_view(key.action));
    }
    bool operator()(const auto& a, const auto& b) const { return tie(a) < tie(b); }
  };
  static Status apply_one(Database& database, const Key& key, const HourSums& change, int64_t sign);

  std::map<Key, HourSums, KeyLess> changes_;
};

/// What read_hour_sums expects to be selected.
inline constexpr std::string_view kHourColumns =
    "total, succeeded, failed, skipped, lateness_sum, timed, duration_sum, lateness";
/// Errors: corrupt.
Result<HourSums> read_hour_sums(const Query& row);

}  // namespace schedules::sqlite
