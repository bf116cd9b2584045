// JSON that people give on the command line, and small readers of answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace boost::json {
class object;
class value;
}  // namespace boost::json

namespace schedules::cli {

/// The text itself, or with "@file" the file's content ("@-" or "-": stdin). Errors: io_error.
Result<std::string> text_or_file(const std::string& argument);
/// A JSON object from an argument as above. Errors: io_error, invalid_json with `name` as field.
Result<boost::json::object> object_argument(const std::string& argument, std::string_view name);
/// An answer's body. Errors: invalid_json, where it is not JSON.
Result<boost::json::value> parse_answer(std::string_view body);
/// "k=v" pairs as an object. Errors: invalid_argument.
Result<boost::json::object> pairs_argument(const std::vector<std::string>& pairs, std::string_view name);

std::string text_at(const boost::json::object& object, std::string_view key);
int64_t number_at(const boost::json::object& object, std::string_view key);

}  // namespace schedules::cli
