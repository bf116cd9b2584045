#include "recurrence/recurrence.h"

#include <algorithm>

namespace schedules {
namespace {

constexpr Duration kTick{1};

int64_t floor_seconds(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}
TimePoint from_seconds(int64_t seconds) { return TimePoint{std::chrono::seconds{seconds}}; }

// Keeps all arithmetic far from overflow; nothing fires outside.
TimePoint clamped(TimePoint time) { return std::clamp(time, kFirstInstant - kTick, kLastInstant); }

}  // namespace

// Without bounds and jitter.
std::optional<Occurrence> Recurrence::nominal_after(TimePoint after) const {
  Occurrence best{.nominal = TimePoint::max(), .due = {}, .wall = {}};
  uint16_t rule = 0;
  for (const auto& cron : crons_) {
    if (const auto firing = cron.after(floor_seconds(after))) {
      if (const auto at = from_seconds(firing->at_s); at < best.nominal) {
        best.nominal = at;
        best.wall = LocalSeconds{std::chrono::seconds{firing->wall_s}};
        best.adjustment = firing->adjustment;
        best.rule = rule;
      }
    }
    ++rule;
  }
  const auto offer = [&](TimePoint at) {
    if (at < best.nominal && at <= kLastInstant) {
      best.nominal = at;
      best.wall = std::chrono::floor<std::chrono::seconds>(zone_->to_local(at).time);
      best.adjustment = Adjustment::none;
      best.rule = rule;
    }
    ++rule;
  };
  for (const auto& interval : intervals_) offer(interval.after(after));
  if (!spec_.at.empty()) {
    const auto single = std::ranges::upper_bound(spec_.at, after);
    if (single != spec_.at.end()) offer(*single);
  }
  if (best.nominal == TimePoint::max()) return std::nullopt;
  return best;
}

std::optional<Occurrence> Recurrence::in_bounds_after(TimePoint after) const {
  after = clamped(after);
  if (spec_.start_at) after = std::max(after, *spec_.start_at - kTick);
  auto occurrence = nominal_after(after);
  if (!occurrence || (spec_.end_at && occurrence->nominal > *spec_.end_at)) return std::nullopt;
  return occurrence;
}

// The place within the jitter is the schedule's own, and the same at each occurrence as long as the
// gap to the next one holds the whole jitter; a shorter gap is the jitter, so that due times keep
// their order.
TimePoint Recurrence::due_of(TimePoint nominal) const {
  if (spec_.jitter == Duration::zero()) return nominal;
  Duration room = spec_.jitter;
  if (const auto following = nominal_after(nominal)) room = std::min(room, following->nominal - nominal);
  return nominal + Duration{static_cast<int64_t>(jitter_hash_ % static_cast<uint64_t>(room.count()))};
}

std::optional<Occurrence> Recurrence::next(TimePoint after, uint64_t fired) const {
  if (spec_.max_count && fired >= *spec_.max_count) return std::nullopt;
  auto occurrence = in_bounds_after(after);
  if (occurrence) occurrence->due = due_of(occurrence->nominal);
  return occurrence;
}

std::vector<Occurrence> Recurrence::next_n(TimePoint after, size_t n, uint64_t fired) const {
  std::vector<Occurrence> out;
  while (out.size() < n) {
    const auto occurrence = next(after, fired + out.size());
    if (!occurrence) break;
    after = occurrence->nominal;
    out.push_back(*occurrence);
  }
  return out;
}

std::optional<Occurrence> Recurrence::last_at_or_before(TimePoint now, TimePoint after) const {
  now = clamped(now);
  auto best = in_bounds_after(after);
  if (!best || best->nominal > now) return std::nullopt;
  // Something lies in (known, now] or `best` is the last one; nothing lies in (empty_from, now].
  TimePoint known = best->nominal;
  TimePoint empty_from = now;
  while (known < empty_from) {
    const TimePoint middle = known + (empty_from - known) / 2;
    const auto later = in_bounds_after(middle);
    if (later && later->nominal <= now) {
      best = later;
      known = later->nominal;
    } else {
      empty_from = middle;
    }
  }
  best->due = due_of(best->nominal);
  return best;
}

uint64_t Recurrence::count_between(TimePoint after, TimePoint until, uint64_t limit) const {
  after = clamped(after);
  until = clamped(until);
  if (spec_.start_at) after = std::max(after, *spec_.start_at - kTick);
  if (spec_.end_at) until = std::min(until, *spec_.end_at);
  if (after >= until) return 0;
  const size_t rules = crons_.size() + intervals_.size() + (spec_.at.empty() ? 0 : 1);
  if (rules == 1 && !crons_.empty()) {
    return std::min(limit, crons_.front().count(floor_seconds(after), floor_seconds(until)));
  }
  if (rules == 1 && !intervals_.empty()) return std::min(limit, intervals_.front().count(after, until));
  uint64_t count = 0;
  for (auto one = nominal_after(after); one && one->nominal <= until && count < limit;
       one = nominal_after(one->nominal)) {
    ++count;
  }
  return count;
}

Missed Recurrence::missed(const MissedQuery& query) const {
  Missed out;
  uint64_t left = kMostCounted;
  if (spec_.max_count) {
    left = std::min(left, *spec_.max_count > query.fired ? *spec_.max_count - query.fired : 0);
  }
  out.count = count_between(query.after, query.now, left);
  if (out.count == 0) return out;
  TimePoint after = query.after;
  while (out.oldest.size() < std::min<uint64_t>(query.list, out.count)) {
    const auto occurrence = next(after, query.fired);
    if (!occurrence) break;
    after = occurrence->nominal;
    out.oldest.push_back(*occurrence);
  }
  if (!spec_.max_count || left == kMostCounted || count_between(query.after, query.now, left + 1) == out.count) {
    out.newest = last_at_or_before(query.now, query.after);
    return out;
  }
  // max_count ends the schedule before `now`: the newest is the one that uses it up.
  after = query.after;
  for (uint64_t i = 0; i < out.count; ++i) {
    out.newest = in_bounds_after(after);
    after = out.newest->nominal;
  }
  out.newest->due = due_of(out.newest->nominal);
  return out;
}

std::string Recurrence::rule_text(uint16_t rule) const {
  if (rule < cron_texts_.size()) return cron_texts_[rule];
  const size_t interval = rule - cron_texts_.size();
  if (interval >= intervals_.size()) return "at";
  const int64_t micros = intervals_[interval].period.count();
  if (micros % 1'000'000 == 0) return fmt::format("every {}s", micros / 1'000'000);
  return fmt::format("every {}us", micros);
}

}  // namespace schedules
