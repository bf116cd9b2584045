#include "tests/unit/recurrence/cron_oracle.h"

#include <date/tz.h>

#include <cctype>
#include <cstdlib>
#include <map>

namespace schedules::oracle {
namespace {

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == by) {
      parts.emplace_back();
    } else {
      parts.back().push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
    }
  }
  return parts;
}

int number(const std::string& text) {
  static const std::map<std::string, int> kNames{{"JAN", 1},  {"FEB", 2},  {"MAR", 3}, {"APR", 4}, {"MAY", 5},
                                                 {"JUN", 6},  {"JUL", 7},  {"AUG", 8}, {"SEP", 9}, {"OCT", 10},
                                                 {"NOV", 11}, {"DEC", 12}, {"SUN", 0}, {"MON", 1}, {"TUE", 2},
                                                 {"WED", 3},  {"THU", 4},  {"FRI", 5}, {"SAT", 6}};
  const auto found = kNames.find(text);
  return found != kNames.end() ? found->second : std::atoi(text.c_str());
}

// Whether one item of a list, a range with a step at most, names the value.
bool plain_item_has(const std::string& item, int value, int low, int high) {
  const auto parts = split(item, '/');
  const int step = parts.size() > 1 ? std::atoi(parts[1].c_str()) : 1;
  int from = low;
  int to = high;
  if (parts[0] != "*" && parts[0] != "?") {
    const auto ends = split(parts[0], '-');
    from = number(ends[0]);
    to = ends.size() > 1 ? number(ends[1]) : (parts.size() > 1 ? high : from);
  }
  if (to >= from) {
    for (int v = from; v <= to; v += step) {
      if (v == value) return true;
    }
    return false;
  }
  std::vector<int> around;
  for (int v = from; v <= high; ++v) around.push_back(v);
  for (int v = low; v <= to; ++v) around.push_back(v);
  for (size_t i = 0; i < around.size(); i += static_cast<size_t>(step)) {
    if (around[i] == value) return true;
  }
  return false;
}

bool field_has(const std::string& field, int value, int low, int high) {
  for (const auto& item : split(field, ',')) {
    if (plain_item_has(item, value, low, high)) return true;
  }
  return false;
}

date::year_month_day ymd_of(int64_t day) { return date::sys_days{date::days{static_cast<int>(day)}}; }
unsigned weekday_of(int64_t day) {
  return date::weekday{date::sys_days{date::days{static_cast<int>(day)}}}.c_encoding();
}
bool is_working_day(int64_t day) { return weekday_of(day) != 0 && weekday_of(day) != 6; }

// The day in the month whose distance to `day` is least among working days.
int64_t nearest_working_day(int64_t day) {
  for (int distance = 0;; ++distance) {
    for (const int64_t candidate : {day - distance, day + distance}) {
      if (ymd_of(candidate).month() == ymd_of(day).month() && is_working_day(candidate)) return candidate;
    }
  }
}

bool date_item_has(const std::string& item, int64_t day) {
  const auto ymd = ymd_of(day);
  const int number_of_day = static_cast<int>(static_cast<unsigned>(ymd.day()));
  const date::sys_days last{ymd.year() / ymd.month() / date::last};
  const int64_t last_day = last.time_since_epoch().count();
  if (item == "L") return day == last_day;
  if (item == "LW") return day == nearest_working_day(last_day);
  if (item.starts_with("L-")) return day == last_day - std::atoi(item.c_str() + 2);
  if (item.ends_with("W")) {
    const int64_t wanted = day - number_of_day + std::atoi(item.c_str());
    return ymd_of(wanted).month() == ymd.month() && day == nearest_working_day(wanted);
  }
  return plain_item_has(item, number_of_day, 1, 31);
}

bool weekday_item_has(const std::string& item, int64_t day) {
  const auto weekday = static_cast<int>(weekday_of(day));
  const auto number_of_day = static_cast<int>(static_cast<unsigned>(ymd_of(day).day()));
  if (item == "L") return weekday == 6;
  if (item.front() == 'L')
    return number(item.substr(1)) % 7 == weekday && ymd_of(day + 7).month() != ymd_of(day).month();
  if (item.back() == 'L') {
    return number(item.substr(0, item.size() - 1)) % 7 == weekday && ymd_of(day + 7).month() != ymd_of(day).month();
  }
  if (const auto hash = item.find('#'); hash != std::string::npos) {
    return number(item.substr(0, hash)) % 7 == weekday &&
           (number_of_day - 1) / 7 + 1 == std::atoi(item.c_str() + hash + 1);
  }
  const auto range = split(split(item, '/')[0], '-');
  if (range.size() == 2 && number(range[1]) < number(range[0])) return plain_item_has(item, weekday, 0, 6);
  return plain_item_has(item, weekday, 0, 7) || (weekday == 0 && plain_item_has(item, 7, 0, 7));
}

bool is_open(const std::string& field) { return field.front() == '*' || field.front() == '?'; }

struct Expression {
  std::vector<std::string> fields;
  std::map<int64_t, bool> days;

  bool day_matches(int64_t day) {
    if (const auto known = days.find(day); known != days.end()) return known->second;
    bool by_date = false;
    for (const auto& item : split(fields[2], ',')) by_date = by_date || date_item_has(item, day);
    bool by_weekday = false;
    for (const auto& item : split(fields[4], ',')) by_weekday = by_weekday || weekday_item_has(item, day);
    const bool both = is_open(fields[2]) || is_open(fields[4]);
    const bool month = field_has(fields[3], static_cast<int>(static_cast<unsigned>(ymd_of(day).month())), 1, 12);
    return days[day] = month && (both ? by_date && by_weekday : by_date || by_weekday);
  }
};

}  // namespace

std::vector<Minute> minutes(const std::string& zone, int64_t after_s, int64_t until_s) {
  const auto* tz = date::locate_zone(zone);
  std::vector<Minute> out;
  for (int64_t utc_s = after_s - after_s % 60; utc_s <= until_s; utc_s += 60) {
    if (utc_s <= after_s) continue;
    const date::sys_seconds time{std::chrono::seconds{utc_s}};
    const auto info = tz->get_info(time);
    Minute minute{.utc_s = utc_s, .local_s = utc_s + info.offset.count(), .jumped_over = {}};
    const auto meaning = tz->get_info(date::local_seconds{std::chrono::seconds{minute.local_s}});
    if (meaning.result == date::local_info::ambiguous) {
      minute.seen_before = info.offset == meaning.second.offset;
      minute.comes_again = !minute.seen_before;
    }
    if (info.begin == time) {
      const auto before = tz->get_info(time - std::chrono::seconds{1}).offset.count();
      for (int64_t lost = utc_s + before; lost < minute.local_s; lost += 60) minute.jumped_over.push_back(lost);
    }
    out.push_back(std::move(minute));
  }
  return out;
}

std::vector<int64_t> firings(const std::string& expression, const std::vector<Minute>& minutes,
                             ClockPolicies policies) {
  Expression parsed{split(expression, ' '), {}};
  std::array<bool, 1440> times{};
  for (int i = 0; i < 1440; ++i) {
    times[static_cast<size_t>(i)] =
        field_has(parsed.fields[0], i % 60, 0, 59) && field_has(parsed.fields[1], i / 60, 0, 23);
  }
  const auto matches = [&](int64_t local_s) {
    return times[static_cast<size_t>(local_s % 86'400 / 60)] && parsed.day_matches(local_s / 86'400);
  };
  const bool elapsed = parsed.fields[0].front() == '*' || parsed.fields[1].front() == '*';
  std::vector<int64_t> out;
  for (const auto& minute : minutes) {
    bool fires = matches(minute.local_s);
    if (!elapsed) {
      if (policies.overlap == OverlapPolicy::first && minute.seen_before) fires = false;
      if (policies.overlap == OverlapPolicy::second && minute.comes_again) fires = false;
      if (policies.gap == GapPolicy::shift_forward) {
        for (const int64_t lost : minute.jumped_over) fires = fires || matches(lost);
      }
    }
    if (fires) out.push_back(minute.utc_s);
  }
  return out;
}

}  // namespace schedules::oracle
