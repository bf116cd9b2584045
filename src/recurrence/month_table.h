// Every month from 1969 to 2201 with its first day, so that a search for a date needs no civil
// arithmetic. One year more at both ends than rules may name: local times reach over the borders.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace schedules {

constexpr int kFirstTableYear = 1969;
constexpr int kLastTableYear = 2201;
constexpr size_t kTableMonths = (kLastTableYear - kFirstTableYear + 1) * 12;
constexpr int64_t kDay_s = 86'400;
constexpr int64_t kTableBegin_s = -365 * kDay_s;  ///< 1969-01-01T00:00:00, wall seconds

/// A month's days depend only on its first weekday and its length: 28 shapes in all.
constexpr size_t kMonthShapes = 28;

struct MonthEntry {
  uint32_t first_day = 0;  ///< days since 1969-01-01
  uint16_t year = 0;       ///< years since 1969
  uint8_t month = 0;       ///< 0 to 11
  uint8_t shape = 0;
};

constexpr size_t month_shape(unsigned first_weekday, unsigned length) {
  return static_cast<size_t>(first_weekday) * 4 + (length - 28);
}
constexpr unsigned shape_first_weekday(size_t shape) { return static_cast<unsigned>(shape / 4); }
constexpr unsigned shape_length(size_t shape) { return static_cast<unsigned>(shape % 4) + 28; }

constexpr bool is_leap_year(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }
constexpr unsigned month_length(int year, unsigned month) {
  constexpr std::array<uint8_t, 12> kLengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kLengths[month] + (month == 1 && is_leap_year(year) ? 1U : 0U);
}

/// The last entry is a border: its first_day is the end of the table.
constexpr std::array<MonthEntry, kTableMonths + 1> make_month_table() {
  std::array<MonthEntry, kTableMonths + 1> table{};
  uint32_t day = 0;
  for (size_t i = 0; i <= kTableMonths; ++i) {
    const int year = kFirstTableYear + static_cast<int>(i / 12);
    const auto month = static_cast<unsigned>(i % 12);
    const unsigned weekday = (day + 3) % 7;  // 1969-01-01 was a Wednesday
    const unsigned length = month_length(year, month);
    table[i] = {day, static_cast<uint16_t>(i / 12), static_cast<uint8_t>(month),
                static_cast<uint8_t>(month_shape(weekday, length))};
    day += length;
  }
  return table;
}

inline constexpr auto kMonths = make_month_table();
constexpr uint32_t kTableDays = kMonths[kTableMonths].first_day;

/// Index of the month that holds a day of the table.
constexpr size_t month_of_day(uint32_t day) {
  // 137'803 / 2^22 months a day; off by one at most, near a month's border.
  auto index = static_cast<size_t>((uint64_t{day} * 137'803U) >> 22U);
  if (day < kMonths[index].first_day) --index;
  if (day >= kMonths[index + 1].first_day) ++index;
  return index;
}

}  // namespace schedules
