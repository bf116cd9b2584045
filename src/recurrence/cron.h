// A cron expression: which wall-clock seconds it means. What a time zone makes of them is in
// zoned_cron.h.
//
// 5, 6 or 7 fields: [second] minute hour day_of_month month day_of_week [year], or second after
// day_of_week where the options say so. In every field lists, ranges (wrap-around ones too: 22-2),
// steps, and names of months and days in any case; L, L-n, LW, nW in day_of_month; nL, Ln, L
// (Saturday), n#k in day_of_week; H, H/n, H(a-b), H(a-b)/n for a value chosen by the schedule's id;
// 0 and 7 are Sunday. n/s means n to the field's end. @yearly @annually @monthly @weekly @daily
// @midnight @hourly. (@every is an interval and belongs to Recurrence.)
//
// A Cron is an immutable value of about 250 bytes; every function is thread-safe and bounded: the
// longest search looks at each month up to 2201 once (some microseconds).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/result.h"
#include "recurrence/day_rules.h"
#include "recurrence/month_table.h"

namespace schedules {

constexpr size_t kLongestCron = 512;  ///< characters
constexpr int kFirstCronYear = 1970;
constexpr int kLastCronYear = 2200;

enum class SecondsPosition {
  first,  ///< 6 fields: second first; 7: second first, year last
  last,   ///< 6 fields: second last; 7: second, then year last (as croniter)
};

struct CronOptions {
  SecondsPosition seconds = SecondsPosition::first;
  std::string_view hash_seed;  ///< the schedule's id: decides what H stands for
};

/// What the fields mean, as sets of bits.
struct CronFields {
  uint64_t seconds = 0;
  uint64_t minutes = 0;
  uint32_t hours = 0;
  uint32_t months = 0;  ///< bit 0 is January
  DayRules days;
  bool any_year = true;
  std::bitset<kLastTableYear - kFirstTableYear + 1> years;  ///< bit 0 is 1969; unused if any_year
  /// Minute or hour is '*' or a step over '*': runs on elapsed time, whatever the wall clock does.
  bool elapsed = false;
};

class Cron {
 public:
  /// Errors: invalid_cron, and never_fires for what the calendar never offers (0 0 30 2 *). Field
  /// is the name of the cron field ("minute", … or "expression"), column counts from 0 in `text`.
  static Result<Cron> parse(std::string_view text, const CronOptions& options = {});

  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  /// First matching wall second at or after `local_s`, or kNever (none before 2202).
  [[nodiscard]] int64_t at_or_after(int64_t local_s) const noexcept;
  [[nodiscard]] bool matches(int64_t local_s) const noexcept { return at_or_after(local_s) == local_s; }
  /// How many wall seconds in [from_s, until_s) match.
  [[nodiscard]] uint64_t count(int64_t from_s, int64_t until_s) const noexcept;

  /// See CronFields::elapsed.
  [[nodiscard]] bool elapsed() const { return fields_.elapsed; }
  [[nodiscard]] const CronFields& fields() const { return fields_; }

 private:
  explicit Cron(const CronFields& fields);

  [[nodiscard]] bool month_matches(const MonthEntry& month) const noexcept;
  [[nodiscard]] size_t month_at_or_after(size_t index) const noexcept;
  [[nodiscard]] int32_t time_at_or_after(uint32_t in_day_s) const noexcept;
  [[nodiscard]] uint64_t count_in_day(uint32_t until_s) const noexcept;

  CronFields fields_;
  uint32_t first_time_s_ = 0;  ///< the earliest matching second of a day
  uint32_t per_day_ = 0;       ///< how many seconds of a matching day match
  std::array<uint32_t, kMonthShapes> days_by_shape_{};
};

}  // namespace schedules
