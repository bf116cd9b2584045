// A schedule as a row: columns for what is asked for or changes often, and one packed blob,
// `definition`, for the rest. Layout 2 of the blob:
//
//   u8 layout (2) ‖ fields in the order of schedule_row.cc
//
// Numbers are varints, times and durations micros, texts length-prefixed. To change the layout:
// raise kDefinitionLayout, keep reading every older one, add a golden file of the old one.
#pragma once

#include <string>
#include <string_view>

#include "model/schedule.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

inline constexpr uint8_t kDefinitionLayout = 3;  ///< 1: without ack; 2: without alerts

/// Appends the packed definition.
void pack_definition(const Schedule& schedule, std::string& out);
/// Sets the packed fields of `schedule`. Errors: corrupt, newer_layout.
Status unpack_definition(std::string_view bytes, Schedule& schedule);

/// What read_schedule expects to be selected, of a table called s.
inline constexpr std::string_view kScheduleColumns =
    "s.id, s.name, s.status, s.event_type, s.event_action, s.owner, s.created_at, s.updated_at, "
    "s.revision, "
    "s.planned_until, s.next_execution, s.planned_count, s.last_execution, s.last_status, "
    "s.last_error, "
    "s.execution_count, s.error_count, s.definition";
Result<Schedule> read_schedule(const Query& row);

}  // namespace schedules::sqlite
