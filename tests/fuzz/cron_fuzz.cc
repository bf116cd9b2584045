// Any bytes as a cron expression: read or refused, and what is read keeps its promises.
#include "base/check.h"
#include "recurrence/explain.h"
#include "recurrence/recurrence.h"

namespace {

using namespace schedules;

constexpr std::array<std::string_view, 4> kZones{"UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"};
constexpr std::array<int64_t, 4> kBases_s{0, 1'325'200'000, 1'772'900'000, 7'280'000'000};

void check_rule(const Recurrence& rule, TimePoint after) {
  const auto until = after + std::chrono::hours(72);
  uint64_t walked = 0;
  TimePoint previous = after;
  for (const auto& one : rule.next_n(after, 20)) {
    CHECK(one.nominal > previous);
    CHECK(one.adjustment == Adjustment::moved_out_of_gap ||
          std::chrono::floor<std::chrono::seconds>(rule.zone().to_local(one.nominal).time) == one.wall);
    if (one.nominal <= until) ++walked;
    previous = one.nominal;
  }
  const auto count = rule.count_between(after, until);
  CHECK(walked == 20 ? count >= 20 : count == walked);
  const auto last = rule.last_at_or_before(until, after);
  CHECK(last.has_value() == (count > 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  const std::string text(reinterpret_cast<const char*>(data), size);
  RecurrenceSpec spec{.cron = {text}, .timezone = std::string(kZones[choice % kZones.size()])};
  spec.schedule_id = text;
  if ((choice & 4U) != 0) spec.seconds = SecondsPosition::last;
  if ((choice & 8U) != 0) spec.clock.gap = GapPolicy::skip;
  if ((choice & 16U) != 0) spec.clock.overlap = OverlapPolicy::both;
  const auto rule = Recurrence::make(spec);
  if (!rule) {
    CHECK(!rule.error().field.empty() && !rule.error().detail.empty());
    CHECK(rule.error().column >= -1 && rule.error().column <= static_cast<int>(size));
    return 0;
  }
  for (const int64_t base_s : kBases_s) check_rule(*rule, TimePoint{std::chrono::seconds{base_s}});
  static_cast<void>(preview(*rule, TimePoint{std::chrono::seconds{kBases_s[1]}}, 3));
  static_cast<void>(notes(*rule));
  return 0;
}
