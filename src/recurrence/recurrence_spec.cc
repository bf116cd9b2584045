// Recurrence::make: from what a user wrote to what can be computed, or to every fault in it.
#include <algorithm>

#include "base/ids.h"
#include "recurrence/cron_text.h"
#include "recurrence/recurrence.h"
#include "time/text.h"

namespace schedules {
namespace {

Error fault(Code code, std::string field, std::string detail) {
  return {.code = code, .detail = std::move(detail), .field = std::move(field)};
}

// Collects faults; the first becomes the error, the others go along with it.
class Faults {
 public:
  void add(Error error) {
    if (!first_) {
      first_ = std::move(error);
    } else {
      first_->more.push_back(std::move(error));
    }
  }
  [[nodiscard]] bool any() const { return first_.has_value(); }
  [[nodiscard]] Error take() { return std::move(*first_); }

 private:
  std::optional<Error> first_;
};

void check_time(Faults& faults, std::string_view field, std::optional<TimePoint> time) {
  if (!time || (*time >= kFirstInstant && *time <= kLastInstant)) return;
  faults.add(fault(Code::out_of_range, std::string(field), "the time is not between the years 1970 and 2200"));
}

void check_period(Faults& faults, Duration period) {
  if (period >= kShortestPeriod && period <= kLongestPeriod) return;
  faults.add(fault(Code::out_of_range, "every", "the period must be one second to 100 years"));
}

void check_bounds(Faults& faults, const RecurrenceSpec& spec) {
  check_time(faults, "anchor", spec.anchor);
  check_time(faults, "start_at", spec.start_at);
  check_time(faults, "end_at", spec.end_at);
  for (const auto time : spec.at) check_time(faults, "at", time);
  if (spec.start_at && spec.end_at && *spec.end_at < *spec.start_at) {
    faults.add(fault(Code::invalid_argument, "end_at", "end_at is before start_at"));
  }
  if (spec.max_count && *spec.max_count == 0) {
    faults.add(fault(Code::out_of_range, "max_count", "max_count must be at least 1"));
  }
  if (spec.jitter < Duration::zero() || spec.jitter > kLongestPeriod) {
    faults.add(fault(Code::out_of_range, "jitter", "jitter must be 0 to 100 years"));
  }
  if (spec.cron.empty() && !spec.every && spec.at.empty()) {
    faults.add(fault(Code::missing_field, "cron_expression", "a cron expression, an interval or a time is needed"));
  }
  if (spec.cron.size() > kMostRules) {
    faults.add(
        fault(Code::too_long, "cron_expression", fmt::format("at most {} expressions are possible", kMostRules)));
  }
  if (spec.at.size() > kMostSingleTimes) {
    faults.add(fault(Code::too_long, "at", fmt::format("at most {} single times are possible", kMostSingleTimes)));
  }
}

// The period of "@every 90s".
Result<Duration> every_macro(std::string_view text, size_t column) {
  auto duration_text = text.substr(column);
  duration_text = duration_text.substr(0, duration_text.find_last_not_of(" \t") + 1);
  const auto refuse = [&](std::string detail) -> Result<Duration> {
    return fail(Error{.code = Code::invalid_cron,
                      .detail = std::move(detail),
                      .field = "expression",
                      .column = static_cast<int>(column)});
  };
  if (text.size() > kLongestCron) return refuse("the expression is too long");
  const auto period = parse_duration(duration_text);
  if (!period) return refuse(fmt::format("@every needs a duration, such as @every 90s: {}", period.error().detail));
  if (*period < kShortestPeriod) return refuse("the shortest period is one second");
  return *period;
}

}  // namespace

Result<Recurrence> Recurrence::make(RecurrenceSpec spec) {
  Faults faults;
  Recurrence out;
  if (auto zone = find_zone(spec.timezone)) {
    out.zone_ = *zone;
  } else {
    faults.add(std::move(zone.error()));
    out.zone_ = &utc_zone();
  }
  check_bounds(faults, spec);
  const TimePoint anchor = spec.anchor.value_or(spec.start_at.value_or(kFirstInstant));
  const CronOptions options{.seconds = spec.seconds, .hash_seed = spec.schedule_id};
  for (const auto& text : spec.cron) {
    if (faults.any() && spec.cron.size() > kMostRules) break;
    size_t column = 0;
    if (is_every_macro(text, column)) {
      auto period = every_macro(text, column);
      if (period) out.intervals_.push_back({*period, anchor});
      if (!period) faults.add(std::move(period.error()));
      continue;
    }
    auto cron = Cron::parse(text, options);
    if (!cron) {
      faults.add(std::move(cron.error()));
      continue;
    }
    out.crons_.emplace_back(*cron, *out.zone_, spec.clock);
    out.cron_texts_.push_back(text);
  }
  if (spec.every) {
    check_period(faults, *spec.every);
    out.intervals_.push_back({*spec.every, anchor});
  }
  if (faults.any()) return fail(faults.take());

  std::ranges::sort(spec.at);
  const auto repeated = std::ranges::unique(spec.at);
  spec.at.erase(repeated.begin(), repeated.end());
  out.jitter_hash_ = stable_hash(spec.schedule_id, spec.jitter_seed);
  out.spec_ = std::move(spec);
  if (!out.in_bounds_after(TimePoint::min())) {
    return fail(fault(Code::never_fires, out.spec_.end_at ? "end_at" : "cron_expression",
                      "no time of the schedule lies between its bounds"));
  }
  return out;
}

}  // namespace schedules
