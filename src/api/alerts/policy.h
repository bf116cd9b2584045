// A schedule's field `alerts`, read and shown. Inside the room only.
#pragma once

#include "api/faults.h"
#include "api/json/writer.h"
#include "model/alert.h"

namespace schedules::api {

/// {"url", "on": ["failure", "silence"], "after_failures", "grace_seconds", "reminder_seconds"}, each of which may be
/// absent or null; unknown members are faults.
std::optional<AlertPolicy> read_alert_policy(std::string_view field, const json::Value& value, Faults& faults);
/// Only what it says; null where that is nothing.
void append_alert_policy(json::Writer& out, const AlertPolicy& policy);

}  // namespace schedules::api
