// Schedules as the contract writes them: unknown keys are ignored, numbers may be texts, legacy names are taken.
#pragma once

#include "api/faults.h"
#include "api/json/reader.h"
#include "model/schedule.h"

namespace schedules::api {

enum class WriteMode : uint8_t { create, update };

/// Puts the members of a JSON object into `schedule`. For create, what is required must be there. For update, only
/// what is given changes, null clears, and a new rule (cron_expression, every_seconds, execution_time) replaces the
/// old one. What only the engine can judge (the rule itself, the zone) is left to it.
void read_schedule(const json::Document& document, WriteMode mode, Schedule& schedule, Faults& faults);

}  // namespace schedules::api
