#include "time/posix_rule.h"

#include <algorithm>

#include <date/date.h>

namespace schedules {
namespace {

constexpr int64_t kDay_s = 86'400;

class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }
  void refuse() { ok_ = false; }

  // "EST" or "<+0330>".
  void name() {
    if (take('<')) {
      const auto end = rest_.find('>');
      if (end == std::string_view::npos) return refuse();
      rest_.remove_prefix(end + 1);
      return;
    }
    const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
    const auto end = static_cast<size_t>(std::ranges::find_if_not(rest_, is_letter) - rest_.begin());
    if (end < 3) return refuse();
    rest_.remove_prefix(end);
  }

  int number(int low, int high) {
    int value = 0;
    size_t digits = 0;
    while (digits < rest_.size() && digits < 4 && rest_[digits] >= '0' && rest_[digits] <= '9') {
      value = value * 10 + (rest_[digits] - '0');
      ++digits;
    }
    rest_.remove_prefix(digits);
    if (digits == 0 || value < low || value > high) refuse();
    return std::clamp(value, low, high);
  }

  // "[+-]h[h[h]][:mm[:ss]]" in seconds.
  int64_t clock_time() {
    const bool negative = take('-');
    if (!negative) static_cast<void>(take('+'));
    int64_t seconds = int64_t{number(0, 167)} * 3600;
    if (take(':')) seconds += int64_t{number(0, 59)} * 60;
    if (take(':')) seconds += number(0, 59);
    return negative ? -seconds : seconds;
  }

  YearlyChange change() {
    YearlyChange out;
    if (take('M')) {
      out.month = number(1, 12);
      if (!take('.')) refuse();
      out.week = number(1, 5);
      if (!take('.')) refuse();
      out.day = number(0, 6);
    } else if (take('J')) {
      out.kind = YearlyChange::Kind::day_without_leap;
      out.day = number(1, 365);
    } else {
      out.kind = YearlyChange::Kind::day_with_leap;
      out.day = number(0, 365);
    }
    if (take('/')) out.time_s = clock_time();
    return out;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

int64_t YearlyChange::wall_s(int year_number) const {
  const date::year year{year_number};
  date::sys_days date{year / 1 / 1};
  switch (kind) {
    case Kind::day_without_leap:  // 60 is the first of March in every year
      date += date::days{day - 1 + (year.is_leap() && day >= 60 ? 1 : 0)};
      break;
    case Kind::day_with_leap:
      date += date::days{day};
      break;
    case Kind::week_of_month: {
      const date::weekday weekday{static_cast<unsigned>(day)};
      const auto in_month = year / month;
      date = week == 5 ? date::sys_days{in_month / weekday[date::last]}
                       : date::sys_days{in_month / weekday[static_cast<unsigned>(week)]};
      break;
    }
  }
  return int64_t{date.time_since_epoch().count()} * kDay_s + time_s;
}

std::optional<PosixRule> parse_posix_rule(std::string_view text) {
  RuleReader reader(text);
  PosixRule rule;
  reader.name();
  // POSIX counts offsets westwards.
  rule.standard_offset_s = static_cast<int32_t>(-reader.clock_time());
  if (reader.ok() && !reader.at_end()) {
    rule.has_summer = true;
    reader.name();
    rule.summer_offset_s = rule.standard_offset_s + 3600;
    if (!reader.at(',')) rule.summer_offset_s = static_cast<int32_t>(-reader.clock_time());
    if (!reader.take(',')) return std::nullopt;
    rule.summer_begins = reader.change();
    if (!reader.take(',')) return std::nullopt;
    rule.summer_ends = reader.change();
  }
  if (!reader.ok() || !reader.at_end()) return std::nullopt;
  return rule;
}

}  // namespace schedules
