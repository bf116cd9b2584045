// Executions as bytes: what one batch of the spool is.
//
//   format (1 byte) ‖ count (varint) ‖ fields of each, in order of declaration
//
// A new field goes to the end under the next format; older ones stay readable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/schedule.h"

namespace schedules::sqlite {

std::string pack_executions(const std::vector<Execution>& executions);
/// Errors: corrupt, newer_layout.
Result<std::vector<Execution>> unpack_executions(std::string_view bytes);

}  // namespace schedules::sqlite
