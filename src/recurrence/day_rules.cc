#include "recurrence/day_rules.h"

#include <bit>

namespace schedules {
namespace {

// The weekdays repeated over a month that begins with first_weekday; bit 0 is day 1.
uint32_t repeat_weekdays(uint32_t weekdays, unsigned first_weekday) {
  uint64_t weeks = 0;
  for (unsigned week = 0; week < 6; ++week) weeks |= uint64_t{weekdays} << (week * 7);
  return static_cast<uint32_t>(weeks >> first_weekday);
}

// The working day nearest to `day` that is still in the month.
unsigned nearest_working_day(unsigned day, unsigned first_weekday, unsigned length) {
  const unsigned weekday = (first_weekday + day - 1) % 7;
  if (weekday == 6) return day == 1 ? 3 : day - 1;
  if (weekday == 0) return day == length ? day - 2 : day + 1;
  return day;
}

uint32_t bit_of(unsigned day) { return uint32_t{1} << (day - 1); }

}  // namespace

uint32_t DayRules::mask(unsigned first_weekday, unsigned length) const {
  const uint32_t all = ~uint32_t{0} >> (32 - length);

  uint32_t by_date = (days >> 1U) & all;
  for (uint32_t rest = days_from_end; rest != 0; rest &= rest - 1) {
    const auto back = static_cast<unsigned>(std::countr_zero(rest));
    if (back < length) by_date |= bit_of(length - back);
  }
  for (uint32_t rest = nearest_weekday; rest != 0; rest &= rest - 1) {
    const auto day = static_cast<unsigned>(std::countr_zero(rest));
    if (day <= length) by_date |= bit_of(nearest_working_day(day, first_weekday, length));
  }
  if (last_weekday) by_date |= bit_of(nearest_working_day(length, first_weekday, length));

  uint32_t by_weekday = repeat_weekdays(weekdays, first_weekday) & all;
  constexpr uint32_t kWeek = 0x7F;
  for (unsigned k = 1; k <= 5; ++k) {
    by_weekday |= repeat_weekdays(nth[k], first_weekday) & (kWeek << (7 * (k - 1))) & all;
  }
  by_weekday |= repeat_weekdays(last, first_weekday) & (kWeek << (length - 7)) & all;

  return either() ? by_date | by_weekday : by_date & by_weekday;
}

}  // namespace schedules
