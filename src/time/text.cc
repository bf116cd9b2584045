#include "time/text.h"

#include <date/date.h>

#include <charconv>
#include <cmath>

namespace schedules {
namespace {

constexpr Duration kHundredYears = std::chrono::hours(24 * 36'525);

void two_digits(std::string& out, unsigned value) {
  out.push_back(static_cast<char>('0' + value / 10));
  out.push_back(static_cast<char>('0' + value % 10));
}

// Reads exactly `count` digits at the front of the text.
bool take_digits(std::string_view& text, size_t count, int& value) {
  if (text.size() < count) return false;
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// ".123456789" → 123456 µs; no fraction → 0.
bool take_fraction(std::string_view& text, int64_t& micros) {
  micros = 0;
  if (!take(text, ".,")) return true;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 6) micros = micros * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  for (int i = digits; i < 6; ++i) micros *= 10;
  return digits > 0;
}

// "Z", "+02:00", "+0200", "+02" or nothing (UTC) → offset in minutes.
bool take_offset(std::string_view& text, int& minutes) {
  minutes = 0;
  if (text.empty() || take(text, "Zz")) return true;
  const bool negative = text.front() == '-';
  if (!take(text, "+-")) return false;
  int hour = 0;
  int minute = 0;
  if (!take_digits(text, 2, hour)) return false;
  static_cast<void>(take(text, ":"));
  if (!text.empty() && !take_digits(text, 2, minute)) return false;
  if (hour > 23 || minute > 59) return false;
  minutes = (hour * 60 + minute) * (negative ? -1 : 1);
  return true;
}

Result<Duration> unit_of(std::string_view name) {
  if (name == "us" || name == "µs") return std::chrono::microseconds(1);
  if (name == "ms") return std::chrono::milliseconds(1);
  if (name == "s") return std::chrono::seconds(1);
  if (name == "m" || name == "min") return std::chrono::minutes(1);
  if (name == "h") return std::chrono::hours(1);
  if (name == "d") return std::chrono::hours(24);
  if (name == "w") return std::chrono::hours(24 * 7);
  return fail(Code::invalid_argument, "\"{}\" is not a unit; use ms, s, m, h, d or w", name);
}

}  // namespace

void append_time(std::string& out, TimePoint time) {
  const auto day = date::floor<date::days>(time);
  const date::year_month_day ymd{day};
  const auto in_day = static_cast<uint64_t>((time - day).count());
  const int year = static_cast<int>(ymd.year());
  two_digits(out, static_cast<unsigned>(year / 100));
  two_digits(out, static_cast<unsigned>(year % 100));
  out.push_back('-');
  two_digits(out, static_cast<unsigned>(ymd.month()));
  out.push_back('-');
  two_digits(out, static_cast<unsigned>(ymd.day()));
  out.push_back('T');
  const auto second = static_cast<unsigned>(in_day / 1'000'000);
  two_digits(out, second / 3600);
  out.push_back(':');
  two_digits(out, second / 60 % 60);
  out.push_back(':');
  two_digits(out, second % 60);
  out.push_back('.');
  const auto micros = static_cast<unsigned>(in_day % 1'000'000);
  two_digits(out, micros / 10'000);
  two_digits(out, micros / 100 % 100);
  two_digits(out, micros % 100);
  out.push_back('Z');
}

std::string format_time(TimePoint time) {
  std::string out;
  out.reserve(27);
  append_time(out, time);
  return out;
}

Result<TimePoint> parse_time(std::string_view text) {
  const auto bad = [&] {
    return fail(Code::invalid_time, "\"{}\" is not an RFC 3339 time such as 2026-01-05T08:00:00Z", text.substr(0, 64));
  };
  std::string_view rest = text;
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take_digits(rest, 4, year) || !take(rest, "-") || !take_digits(rest, 2, month) || !take(rest, "-") ||
      !take_digits(rest, 2, day)) {
    return bad();
  }
  if (!take(rest, "Tt ") || !take_digits(rest, 2, hour) || !take(rest, ":") || !take_digits(rest, 2, minute)) {
    return bad();
  }
  if (take(rest, ":") && !take_digits(rest, 2, second)) return bad();
  int64_t micros = 0;
  int offset_minutes = 0;
  if (!take_fraction(rest, micros) || !take_offset(rest, offset_minutes) || !rest.empty()) return bad();
  const auto ymd = date::year{year} / month / day;
  if (!ymd.ok() || hour > 23 || minute > 59 || second > 60) return bad();
  if (year < 1970 || year > 2200) {
    return fail(Code::invalid_time, "the year {} is not between 1970 and 2200", year);
  }
  const auto days = date::sys_days(ymd).time_since_epoch();
  return TimePoint{days + std::chrono::hours(hour) + std::chrono::minutes(minute - offset_minutes) +
                   std::chrono::seconds(second) + Duration{micros}};
}

Result<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return fail(Code::invalid_argument, "a duration such as 90s or 1h30m is needed");
  std::string_view rest = text;
  double total_us = 0;
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || rest.front() == '-' || !std::isfinite(number)) {
      return fail(Code::invalid_argument, "\"{}\" is not a duration such as 90s or 1h30m", text.substr(0, 64));
    }
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    const auto unit_end = std::min(rest.find_first_of("0123456789."), rest.size());
    const auto unit = unit_end == 0 ? Result<Duration>{std::chrono::seconds(1)} : unit_of(rest.substr(0, unit_end));
    if (!unit) return fail(unit.error());
    rest.remove_prefix(unit_end);
    total_us += number * static_cast<double>(unit->count());
  }
  if (total_us > static_cast<double>(kHundredYears.count())) {
    return fail(Code::out_of_range, "\"{}\" is more than 100 years", text.substr(0, 64));
  }
  return Duration{static_cast<int64_t>(std::llround(total_us))};
}

}  // namespace schedules
