// What can be said of a schedule: one table for the flags of `schedule create|update` and the keys of a definition file.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "time/clock.h"

namespace boost::json {
class value;
}  // namespace boost::json

namespace schedules {

enum class FieldKind : uint8_t { text, whole, number, boolean, duration, time, object, pairs, texts };

struct ScheduleField {
  std::string_view name;  ///< as the API calls it
  std::string_view flag;  ///< without the dashes
  FieldKind kind = FieldKind::text;
  std::string_view fallback;  ///< JSON of the value that the server takes where nothing is said
  std::string_view meaning;
};

std::span<const ScheduleField> schedule_fields();
const ScheduleField* find_schedule_field(std::string_view name);

/// Seconds as the API writes them: whole where they are.
boost::json::value seconds_value(Duration time);
/// A value of a definition file as the API takes it: durations as seconds, times in full. Errors: wrong_type, …
Result<boost::json::value> normal_value(const ScheduleField& field, const boost::json::value& value);
/// Whether the API's two values mean the same: 3 and 3.0, a time with and without fraction, nothing and null.
bool same_value(const ScheduleField& field, const boost::json::value& one, const boost::json::value& other);

}  // namespace schedules
