// Which days of a month a cron expression means. Pure values.
#pragma once

#include <array>
#include <cstdint>

namespace schedules {

/// Days are bits 1 to 31, weekdays bits 0 (Sunday) to 6.
struct DayRules {
  // day_of_month
  uint32_t days = 0;
  uint32_t days_from_end = 0;    ///< bit n: n days before the last one (L is bit 0)
  uint32_t nearest_weekday = 0;  ///< nW: the working day nearest to day n, inside the month
  bool last_weekday = false;     ///< LW: the last working day
  // day_of_week
  uint8_t weekdays = 0;
  std::array<uint8_t, 6> nth{};  ///< [k]: weekdays whose k-th in the month is meant
  uint8_t last = 0;              ///< weekdays whose last one in the month is meant
  /// A field that begins with '*' or '?' does not restrict: then both fields must match, else
  /// either.
  bool day_of_month_open = false;
  bool day_of_week_open = false;

  [[nodiscard]] bool either() const { return !day_of_month_open && !day_of_week_open; }
  /// The matching days of a month, bit 0 being its first day.
  [[nodiscard]] uint32_t mask(unsigned first_weekday, unsigned length) const;
};

}  // namespace schedules
