#include "recurrence/cron.h"

#include <algorithm>
#include <bit>

namespace schedules {
namespace {

constexpr int32_t kNotToday = -1;
constexpr int64_t kTableEnd_s = kTableBegin_s + int64_t{kTableDays} * kDay_s;

unsigned lowest(uint64_t bits) { return static_cast<unsigned>(std::countr_zero(bits)); }
uint64_t below(unsigned bit) { return (uint64_t{1} << bit) - 1; }
unsigned population(uint64_t bits) { return static_cast<unsigned>(std::popcount(bits)); }

int64_t wall_s(uint32_t day, uint32_t in_day_s) { return kTableBegin_s + int64_t{day} * kDay_s + in_day_s; }

}  // namespace

Cron::Cron(const CronFields& fields) : fields_(fields) {
  first_time_s_ = lowest(fields_.hours) * 3600 + lowest(fields_.minutes) * 60 + lowest(fields_.seconds);
  per_day_ = population(fields_.hours) * population(fields_.minutes) * population(fields_.seconds);
  for (size_t shape = 0; shape < kMonthShapes; ++shape) {
    days_by_shape_[shape] = fields_.days.mask(shape_first_weekday(shape), shape_length(shape));
  }
}

bool Cron::month_matches(const MonthEntry& month) const noexcept {
  return ((fields_.months >> month.month) & 1U) != 0 && (fields_.any_year || fields_.years[month.year]);
}

// The first month from `index` on that has a matching day, or kTableMonths.
size_t Cron::month_at_or_after(size_t index) const noexcept {
  while (index < kTableMonths) {
    const auto& month = kMonths[index];
    const uint32_t ahead = fields_.months >> month.month;
    if (ahead == 0 || (!fields_.any_year && !fields_.years[month.year])) {
      index += 12U - month.month;
      continue;
    }
    index += lowest(ahead);
    if (days_by_shape_[kMonths[index].shape] != 0) return index;
    ++index;
  }
  return kTableMonths;
}

// Seconds of the day, or kNotToday when nothing is left of the day.
int32_t Cron::time_at_or_after(uint32_t in_day_s) const noexcept {
  const uint32_t hour = in_day_s / 3600;
  const uint32_t in_hour_s = in_day_s - hour * 3600;
  if (((fields_.hours >> hour) & 1U) != 0) {
    const uint32_t minute = in_hour_s / 60;
    if (((fields_.minutes >> minute) & 1U) != 0) {
      if (const uint64_t ahead = fields_.seconds >> (in_hour_s - minute * 60); ahead != 0) {
        return static_cast<int32_t>(in_day_s + lowest(ahead));
      }
    }
    if (const uint64_t ahead = fields_.minutes >> (minute + 1); ahead != 0) {
      return static_cast<int32_t>(hour * 3600 + (minute + 1 + lowest(ahead)) * 60 + lowest(fields_.seconds));
    }
  }
  const uint32_t ahead = fields_.hours >> (hour + 1);
  if (ahead == 0) return kNotToday;
  return static_cast<int32_t>((hour + 1 + lowest(ahead)) * 3600 + first_time_s_ % 3600);
}

int64_t Cron::at_or_after(int64_t local_s) const noexcept {
  if (local_s < kTableBegin_s) local_s = kTableBegin_s;
  if (local_s >= kTableEnd_s) return kNever;
  const auto since = static_cast<uint64_t>(local_s - kTableBegin_s);
  const auto day = static_cast<uint32_t>(since / kDay_s);
  size_t index = month_of_day(day);
  const auto& month = kMonths[index];
  if (month_matches(month)) {
    uint32_t ahead = days_by_shape_[month.shape] >> (day - month.first_day);
    if ((ahead & 1U) != 0) {
      const int32_t time_s = time_at_or_after(static_cast<uint32_t>(since - uint64_t{day} * kDay_s));
      if (time_s != kNotToday) return wall_s(day, static_cast<uint32_t>(time_s));
    }
    ahead &= ~1U;
    if (ahead != 0) return wall_s(day + lowest(ahead), first_time_s_);
  }
  index = month_at_or_after(index + 1);
  if (index == kTableMonths) return kNever;
  return wall_s(kMonths[index].first_day + lowest(days_by_shape_[kMonths[index].shape]), first_time_s_);
}

// Matching seconds of a matching day before `until_s`.
uint64_t Cron::count_in_day(uint32_t until_s) const noexcept {
  const uint32_t hour = until_s / 3600;
  const uint32_t minute = until_s / 60 % 60;
  uint64_t count =
      uint64_t{population(fields_.hours & below(hour))} * population(fields_.minutes) * population(fields_.seconds);
  if (((fields_.hours >> hour) & 1U) == 0) return count;
  count += uint64_t{population(fields_.minutes & below(minute))} * population(fields_.seconds);
  if (((fields_.minutes >> minute) & 1U) == 0) return count;
  return count + population(fields_.seconds & below(until_s % 60));
}

uint64_t Cron::count(int64_t from_s, int64_t until_s) const noexcept {
  from_s = std::max(from_s, kTableBegin_s);
  until_s = std::min(until_s, kTableEnd_s);
  if (from_s >= until_s) return 0;
  const auto from = static_cast<uint64_t>(from_s - kTableBegin_s);
  const auto until = static_cast<uint64_t>(until_s - kTableBegin_s);
  const auto first_day = static_cast<uint32_t>(from / kDay_s);
  const auto last_day = static_cast<uint32_t>(until / kDay_s);  // counted up to its `until` part only

  const auto is_day = [&](uint32_t day) {
    if (day >= kTableDays) return false;
    const auto& month = kMonths[month_of_day(day)];
    return month_matches(month) && ((days_by_shape_[month.shape] >> (day - month.first_day)) & 1U) != 0;
  };
  uint64_t days = 0;  // whole days in [first_day, last_day)
  for (uint32_t day = first_day; day < last_day;) {
    const size_t index = month_of_day(day);
    const auto& month = kMonths[index];
    const uint32_t end = std::min(last_day, kMonths[index + 1].first_day);
    if (month_matches(month)) {
      const uint64_t wanted = below(end - month.first_day) & ~below(day - month.first_day);
      days += population(days_by_shape_[month.shape] & wanted);
    }
    day = end;
  }
  uint64_t count = days * per_day_;
  if (is_day(last_day)) count += count_in_day(static_cast<uint32_t>(until % kDay_s));
  if (is_day(first_day)) count -= count_in_day(static_cast<uint32_t>(from % kDay_s));
  return count;
}

}  // namespace schedules
