// The flags of `schedule create|update`, made from the table of a schedule's fields.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/session.h"
#include "definitions/schedule_field.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace schedules::cli {

/// The flags that were given, by the field's name.
using FieldFlags = std::map<std::string, std::vector<std::string>, std::less<>>;
/// The answer is filled when the command line is read.
std::shared_ptr<FieldFlags> add_schedule_fields(CLI::App& command);
/// The given fields as a request body. Errors: invalid_argument, invalid_time, invalid_json, io_error.
Result<boost::json::object> schedule_body(const FieldFlags& flags);

}  // namespace schedules::cli
