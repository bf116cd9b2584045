// When a schedule fires: cron expressions, an interval, single times, or several of them together,
// with a time zone, bounds and policies. Two rules that meet at one instant fire once.
//
// A Recurrence is an immutable value; every function is thread-safe, allocates nothing unless it
// returns a vector, and is bounded. Times have microseconds; rules fire on whole seconds (intervals
// and single times where they were put), from 1970 to the end of 2200.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "recurrence/interval.h"
#include "recurrence/zoned_cron.h"
#include "time/clock.h"
#include "time/zone.h"

namespace schedules {

constexpr TimePoint kFirstInstant{};                                                ///< rules fire from here …
constexpr TimePoint kLastInstant{std::chrono::seconds{ZonedCron::kLastInstant_s}};  ///< … to here
constexpr Duration kShortestPeriod = std::chrono::seconds(1);
constexpr Duration kLongestPeriod = std::chrono::hours(24 * 36'525);
constexpr size_t kMostRules = 32;  ///< cron expressions of one schedule
constexpr size_t kMostSingleTimes = 1000;
constexpr uint64_t kMostCounted = 1'000'000;

struct RecurrenceSpec {
  std::vector<std::string> cron;      ///< "@every 90s" is an interval
  std::optional<Duration> every;      ///< kShortestPeriod to kLongestPeriod
  std::optional<TimePoint> anchor;    ///< of the intervals; default start_at, else 1970-01-01T00:00:00Z
  std::vector<TimePoint> at;          ///< single times
  std::string timezone = "UTC";       ///< of the cron expressions
  std::optional<TimePoint> start_at;  ///< nothing before it
  std::optional<TimePoint> end_at;    ///< nothing after it
  std::optional<uint64_t> max_count;  ///< firings in the schedule's life
  ClockPolicies clock;
  Duration jitter{};  ///< 0: due at the nominal time
  uint64_t jitter_seed = 0;
  std::string schedule_id;  ///< decides H and the place within the jitter
  SecondsPosition seconds = SecondsPosition::first;
};

struct Occurrence {
  TimePoint nominal;  ///< the instant the rule names, and the occurrence's identity
  TimePoint due;      ///< nominal plus jitter; always before the next nominal
  LocalSeconds wall;  ///< the wall time that a cron rule names; else the nominal's wall time
  Adjustment adjustment = Adjustment::none;
  uint16_t rule = 0;  ///< which of Recurrence::rule_text

  bool operator==(const Occurrence&) const = default;
};

/// Occurrences that passed while nobody fired them.
struct Missed {
  uint64_t count = 0;  ///< exact below kMostCounted, else kMostCounted
  std::vector<Occurrence> oldest;
  std::optional<Occurrence> newest;
};

struct MissedQuery {
  TimePoint after;  ///< nominal of the last one that fired
  TimePoint now;
  size_t list = 100;   ///< at most so many in Missed::oldest
  uint64_t fired = 0;  ///< counts against max_count
};

class Recurrence {
 public:
  /// Errors: those of Cron::parse and find_zone, missing_field (no rule), out_of_range,
  /// invalid_argument; all faults are reported, the first with the others in Error::more.
  /// never_fires if nothing lies within the bounds.
  static Result<Recurrence> make(RecurrenceSpec spec);

  /// The first occurrence whose nominal time is after `after`. `fired` is how often the schedule
  /// fired so far; at max_count there is no next one.
  [[nodiscard]] std::optional<Occurrence> next(TimePoint after, uint64_t fired = 0) const;
  [[nodiscard]] std::vector<Occurrence> next_n(TimePoint after, size_t n, uint64_t fired = 0) const;
  /// The latest occurrence with nominal time in (after, now], found by bisection.
  [[nodiscard]] std::optional<Occurrence> last_at_or_before(TimePoint now, TimePoint after) const;
  /// How many in (after, until], at most `limit`. A single rule is counted by arithmetic; several
  /// together are walked.
  [[nodiscard]] uint64_t count_between(TimePoint after, TimePoint until, uint64_t limit = kMostCounted) const;
  [[nodiscard]] Missed missed(const MissedQuery& query) const;

  [[nodiscard]] const RecurrenceSpec& spec() const { return spec_; }
  [[nodiscard]] const Zone& zone() const { return *zone_; }
  [[nodiscard]] const std::vector<ZonedCron>& crons() const { return crons_; }
  [[nodiscard]] const std::vector<Interval>& intervals() const { return intervals_; }
  /// Rules are numbered: cron expressions, intervals, then the single times as one.
  [[nodiscard]] std::string rule_text(uint16_t rule) const;

 private:
  Recurrence() = default;

  [[nodiscard]] std::optional<Occurrence> nominal_after(TimePoint after) const;
  [[nodiscard]] std::optional<Occurrence> in_bounds_after(TimePoint after) const;
  [[nodiscard]] TimePoint due_of(TimePoint nominal) const;

  RecurrenceSpec spec_;
  const Zone* zone_ = nullptr;
  std::vector<ZonedCron> crons_;
  std::vector<std::string> cron_texts_;
  std::vector<Interval> intervals_;
  uint64_t jitter_hash_ = 0;
};

}  // namespace schedules
