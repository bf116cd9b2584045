// A cron expression in a time zone: which instants it means, across every change of the clocks.
//
// A rule that runs on elapsed time (minute or hour is '*' or a step over '*') fires at each instant
// whose wall time matches. Any other rule names wall times of a day, and the policies say what
// becomes of those that a day lacks (gap) or has twice (overlap).
#pragma once

#include <cstdint>
#include <optional>

#include "recurrence/cron.h"
#include "time/zone.h"

namespace schedules {

enum class GapPolicy {
  shift_forward,  ///< fires once, at the first instant after the gap
  skip,
};
enum class OverlapPolicy { first, second, both };

struct ClockPolicies {
  GapPolicy gap = GapPolicy::shift_forward;
  OverlapPolicy overlap = OverlapPolicy::first;
};

enum class Adjustment : uint8_t {
  none,
  moved_out_of_gap,  ///< the wall time does not exist; this is the first instant after the gap
  first_of_two,      ///< the wall time comes again later
  second_of_two,     ///< the wall time was there before
};

/// One firing. `wall_s` is the wall time that the rule names, in the zone.
struct CronFiring {
  int64_t at_s = 0;
  int64_t wall_s = 0;
  Adjustment adjustment = Adjustment::none;
};

/// An immutable value; thread-safe. The zone must outlive it, as those of find_zone do.
class ZonedCron {
 public:
  ZonedCron(const Cron& cron, const Zone& zone, ClockPolicies policies)
      : cron_(cron), zone_(&zone), policies_(policies) {}

  /// The first firing after a UTC second, up to the end of 2200. Bounded: some microseconds at
  /// worst.
  [[nodiscard]] std::optional<CronFiring> after(int64_t utc_s) const noexcept;
  /// How many firings in (after_s, until_s].
  [[nodiscard]] uint64_t count(int64_t after_s, int64_t until_s) const noexcept;
  /// The latest clock change in (after_s, until_s] that swallowed a firing because gaps are
  /// skipped: the firing that was lost, with the instant of the change.
  [[nodiscard]] std::optional<CronFiring> lost_in_gap(int64_t after_s, int64_t until_s) const noexcept;

  [[nodiscard]] const Cron& cron() const { return cron_; }
  [[nodiscard]] const Zone& zone() const { return *zone_; }
  [[nodiscard]] ClockPolicies policies() const { return policies_; }

  static constexpr int64_t kLastInstant_s = 7'289'654'399;  ///< 2200-12-31T23:59:59Z

 private:
  struct Span {
    int64_t low_s = 0;
    int64_t high_s = 0;
  };
  // The local times [low, high) of a period that may fire in it.
  [[nodiscard]] Span local_span(size_t index) const noexcept;
  // The first local time in the gap before a period that matches, or Cron::kNever.
  [[nodiscard]] int64_t match_in_gap(const ZonePeriod& period) const noexcept;
  [[nodiscard]] Adjustment adjustment_of(const ZonePeriod& period, int64_t wall_s) const noexcept;

  Cron cron_;
  const Zone* zone_;
  ClockPolicies policies_;
};

}  // namespace schedules
