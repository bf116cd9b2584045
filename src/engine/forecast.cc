#include "engine/forecast.h"

#include <algorithm>

#include "engine/rule.h"

namespace schedules {
namespace {

constexpr Duration kTick{1};

class Forecast {
 public:
  Forecast(const TimeSlots& slots, size_t steps) : slots_(slots), steps_(steps), counts_(slots.count) {}

  void more_from(TimePoint at) {
    const size_t first = at < slots_.from ? 0 : slots_.slot_of(at).value_or(slots_.count);
    for (size_t slot = first; slot < slots_.count; ++slot) counts_[slot].more = true;
  }

  void add(const Schedule& schedule, const Recurrence& rule) {
    // What is planned already waits as events. What was missed is caught up at once, by a policy.
    TimePoint after =
        std::max(schedule.planned_until.value_or(schedule.created_at), slots_.from - schedule.jitter - kTick);
    uint64_t fired = schedule.planned_count;
    while (const auto one = rule.next(after, fired)) {
      if (one->nominal >= slots_.end()) return;
      if (steps_ == 0) return more_from(one->nominal);
      --steps_;
      after = one->nominal;
      ++fired;
      const auto slot = slots_.slot_of(one->due);
      if (!slot) continue;
      ++counts_[*slot].count;
      const TimePoint last = slots_.start_of(*slot + 1) - kTick;
      uint64_t others = last > after ? rule.count_between(after, last) : 0;
      if (others == 0) continue;
      if (schedule.max_count) others = std::min(others, *schedule.max_count - std::min(*schedule.max_count, fired));
      counts_[*slot].count += others;
      fired += others;
      after = last;
    }
  }

  std::vector<SlotCount> take() { return std::move(counts_); }

 private:
  const TimeSlots& slots_;
  size_t steps_;
  std::vector<SlotCount> counts_;
};

}  // namespace

std::vector<SlotCount> forecast(std::span<const Schedule> schedules, const TimeSlots& slots,
                                std::optional<TimePoint> rest_from, bool cron_seconds_last, ForecastLimits limits) {
  Forecast counting(slots, limits.steps);
  for (const auto& schedule : schedules) {
    const auto rule = recurrence_of(schedule, cron_seconds_last);
    if (rule) counting.add(schedule, *rule);  // one that cannot be read fires nothing
  }
  if (rest_from) counting.more_from(*rest_from);
  return counting.take();
}

}  // namespace schedules
