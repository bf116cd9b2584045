// The table of a schedule's fields: how each is read from JSON, and what null means for it. Inside the room only.
#pragma once

#include "api/faults.h"
#include "model/schedule.h"

namespace schedules::api {

enum class NullMeaning : uint8_t { absent, clear };

/// "retry_delay" to "retry_delay_seconds"; other keys as they are.
std::string_view canonical_field(std::string_view key);
/// Reads one member into the schedule; keys that are not known are ignored.
void read_schedule_field(const json::Member& member, NullMeaning null, Schedule& schedule, Faults& faults);

}  // namespace schedules::api
