// IANA time zones as flat tables. A zone is loaded once, is immutable and lives as long as the
// process; every function here is thread-safe and does not throw.
//
// "Local" numbers count the seconds that the wall clock shows since 1970-01-01T00:00:00 of that
// wall clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "time/clock.h"

namespace schedules {

struct ZoneRules;

using LocalTime = std::chrono::local_time<Duration>;
using LocalSeconds = std::chrono::local_seconds;

/// A stretch of time with one offset. With the two marks, a local time in it is known at once to be
/// shown for the first or the last time, whatever the clocks did before or do later:
///
///   seen_local_s  < local_begin_s   local times [seen, local_begin) were jumped over (a gap)
///   local < seen_local_s            this local time was shown before (the second pass of an
///   overlap) local >= again_local_s          it will be shown again (the first pass of an overlap)
struct ZonePeriod {
  int64_t begin_s = 0;        ///< first UTC second
  int64_t local_begin_s = 0;  ///< begin_s + offset_s
  int64_t seen_local_s = 0;   ///< end of the local times shown before this period
  int64_t again_local_s = 0;  ///< begin of the local times shown after this period
  int32_t offset_s = 0;       ///< seconds east of UTC
};

/// What a local time stands for.
struct LocalMeaning {
  enum class Kind {
    unique,   ///< one instant
    gap,      ///< none: the clocks jumped over it, at the instant `first`
    overlap,  ///< several; `first` and the last, `second`
  };
  Kind kind = Kind::unique;
  TimePoint first;
  TimePoint second;  ///< equal to `first` unless overlap
};

struct LocalReading {
  LocalTime time;
  std::chrono::seconds offset;  ///< east of UTC
};

class Zone {
 public:
  /// For the tests and the registry; others use find_zone.
  Zone(std::string name, const ZoneRules& rules);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Ascending, at least one; the first reaches back and the last reaches on without end. Exact
  /// from 1970 to 2200.
  [[nodiscard]] std::span<const ZonePeriod> periods() const { return periods_; }
  /// Index of the period that holds a UTC second; a few nanoseconds between 1970 and 2200.
  [[nodiscard]] size_t index_at(int64_t utc_s) const noexcept {
    if (periods_.size() == 1) return 0;
    if (utc_s < 0) return search(utc_s);
    const auto bucket = static_cast<size_t>(utc_s >> kBucketBits);
    size_t index = bucket < buckets_.size() ? buckets_[bucket] : buckets_.back();
    while (index + 1 < periods_.size() && periods_[index + 1].begin_s <= utc_s) ++index;
    return index;
  }
  /// First UTC second after the period.
  [[nodiscard]] int64_t end_of(size_t index) const noexcept {
    return index + 1 < periods_.size() ? periods_[index + 1].begin_s : kForever_s;
  }

  [[nodiscard]] LocalReading to_local(TimePoint time) const noexcept;
  [[nodiscard]] LocalMeaning to_utc(LocalTime local) const noexcept;

  /// Beyond every instant of interest, and far enough from the limits to add offsets to.
  static constexpr int64_t kForever_s = int64_t{1} << 60;

 private:
  static constexpr unsigned kBucketBits = 22;  // 48 days: seldom more than one change in a bucket

  [[nodiscard]] size_t search(int64_t utc_s) const noexcept;

  std::string name_;
  std::vector<ZonePeriod> periods_;
  std::vector<uint16_t> buckets_;  // index of the period at the begin of each bucket since 1970
};

/// The zone of that name, spelt as IANA spells it ("Europe/London"). Errors: unknown_time_zone with
/// field "timezone", naming the nearest known zone.
Result<const Zone*> find_zone(std::string_view name);
/// UTC, without a look at the disk.
const Zone& utc_zone();
/// Every zone that this machine knows, ascending. The first call reads the zone directory.
std::span<const std::string_view> zone_names();

/// "2026-03-29T02:00:00+01:00" as shown in the zone; six fraction digits if there is a fraction.
/// Where an old offset has seconds, the local time is shifted so that the text still names the same
/// instant.
std::string format_with_offset(TimePoint time, const Zone& zone);
/// "2026-03-29T01:30:00": a local time without zone or fraction.
std::string format_local(LocalSeconds local);

}  // namespace schedules
