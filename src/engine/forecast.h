// What schedules will fire, counted by slots of time, beyond what has become events already. Pure.
#pragma once

#include <span>
#include <vector>

#include "model/schedule.h"
#include "model/time_slots.h"

namespace schedules {

struct ForecastLimits {
  size_t steps = 200'000;  ///< slots of schedules that are looked at; some µs each
};

/// Of `schedules`, soonest first. One that fires more than once in a slot counts by its nominal times, without jitter.
/// `rest_from`: there are further schedules, which fire from then on; absent: these are all. Where the limit was
/// reached, and from rest_from on, there may be more.
std::vector<SlotCount> forecast(std::span<const Schedule> schedules, const TimeSlots& slots,
                                std::optional<TimePoint> rest_from, bool cron_seconds_last, ForecastLimits limits = {});

}  // namespace schedules
