#include "recurrence/zoned_cron.h"

#include <algorithm>

namespace schedules {

ZonedCron::Span ZonedCron::local_span(size_t index) const noexcept {
  const auto& period = zone_->periods()[index];
  Span span{period.local_begin_s, zone_->end_of(index) + period.offset_s};
  if (cron_.elapsed()) return span;
  if (policies_.overlap == OverlapPolicy::first) span.low_s = std::max(span.low_s, period.seen_local_s);
  if (policies_.overlap == OverlapPolicy::second) span.high_s = std::min(span.high_s, period.again_local_s);
  return span;
}

int64_t ZonedCron::match_in_gap(const ZonePeriod& period) const noexcept {
  const int64_t gap_end_s = std::min(period.local_begin_s, period.again_local_s);
  if (cron_.elapsed() || period.seen_local_s >= gap_end_s) return Cron::kNever;
  const int64_t match_s = cron_.at_or_after(period.seen_local_s);
  return match_s < gap_end_s ? match_s : Cron::kNever;
}

Adjustment ZonedCron::adjustment_of(const ZonePeriod& period, int64_t wall_s) const noexcept {
  if (wall_s < period.seen_local_s) return Adjustment::second_of_two;
  if (wall_s >= period.again_local_s) return Adjustment::first_of_two;
  return Adjustment::none;
}

std::optional<CronFiring> ZonedCron::after(int64_t utc_s) const noexcept {
  if (utc_s >= kLastInstant_s) return std::nullopt;
  const auto periods = zone_->periods();
  int64_t from_s = std::max(utc_s, int64_t{-1}) + 1;
  // No wall time in [searched_s, match_s) matches: periods inside it need no search of their own.
  int64_t searched_s = Cron::kNever;
  int64_t match_s = Cron::kNever;
  for (size_t i = zone_->index_at(from_s); i < periods.size(); ++i) {
    const auto& period = periods[i];
    if (from_s <= period.begin_s && policies_.gap == GapPolicy::shift_forward) {
      const int64_t lost_s = match_in_gap(period);
      if (lost_s != Cron::kNever) {
        if (period.begin_s > kLastInstant_s) return std::nullopt;
        return CronFiring{period.begin_s, lost_s, Adjustment::moved_out_of_gap};
      }
    }
    const auto span = local_span(i);
    const int64_t low_s = std::max(span.low_s, from_s + period.offset_s);
    if (low_s < searched_s || low_s > match_s) {
      searched_s = low_s;
      match_s = cron_.at_or_after(low_s);
    }
    if (match_s < span.high_s && low_s < span.high_s) {
      const int64_t at_s = match_s - period.offset_s;
      if (at_s > kLastInstant_s) return std::nullopt;
      return CronFiring{at_s, match_s, adjustment_of(period, match_s)};
    }
    from_s = zone_->end_of(i);
  }
  return std::nullopt;
}

uint64_t ZonedCron::count(int64_t after_s, int64_t until_s) const noexcept {
  until_s = std::min(until_s, kLastInstant_s);
  const int64_t from_s = std::max(after_s, int64_t{-1}) + 1;
  if (from_s > until_s) return 0;
  const auto periods = zone_->periods();
  uint64_t count = 0;
  for (size_t i = zone_->index_at(from_s); i < periods.size() && periods[i].begin_s <= until_s; ++i) {
    const auto& period = periods[i];
    const auto span = local_span(i);
    if (from_s <= period.begin_s && policies_.gap == GapPolicy::shift_forward && match_in_gap(period) != Cron::kNever) {
      // One firing, even if the rule names the first wall time after the gap too.
      const bool natural = span.low_s == period.local_begin_s && cron_.matches(span.low_s);
      if (!natural) ++count;
    }
    count += cron_.count(std::max(span.low_s, from_s + period.offset_s),
                         std::min(span.high_s, until_s + 1 + period.offset_s));
  }
  return count;
}

std::optional<CronFiring> ZonedCron::lost_in_gap(int64_t after_s, int64_t until_s) const noexcept {
  if (policies_.gap != GapPolicy::skip) return std::nullopt;
  const auto periods = zone_->periods();
  for (size_t i = zone_->index_at(until_s); i > 0 && periods[i].begin_s > after_s; --i) {
    const int64_t lost_s = match_in_gap(periods[i]);
    if (lost_s != Cron::kNever) return CronFiring{periods[i].begin_s, lost_s, Adjustment::moved_out_of_gap};
  }
  return std::nullopt;
}

}  // namespace schedules
