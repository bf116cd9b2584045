#include "cli/json_text.h"

#include <vector>

#include <boost/json.hpp>

#include "base/file.h"

namespace schedules::cli {

namespace json = boost::json;

Result<std::string> text_or_file(const std::string& argument) {
  if (argument == "-") return read_file(argument);
  return argument.starts_with('@') ? read_file(argument.substr(1)) : argument;
}

Result<json::object> object_argument(const std::string& argument, std::string_view name) {
  const auto text = text_or_file(argument);
  if (!text) return fail(text.error());
  boost::system::error_code bad;
  auto parsed = json::parse(*text, bad);
  if (bad || !parsed.is_object()) return fail_field(Code::invalid_json, std::string(name), "it is not a JSON object");
  return std::move(parsed.get_object());
}

Result<json::value> parse_answer(std::string_view body) {
  boost::system::error_code bad;
  auto parsed = json::parse(body, bad);
  if (bad) return fail(Code::invalid_json, "the server's answer is not JSON; is --server a Schedules server?");
  return parsed;
}

Result<json::object> pairs_argument(const std::vector<std::string>& pairs, std::string_view name) {
  json::object out;
  for (const auto& pair : pairs) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail_field(Code::invalid_argument, std::string(name), "\"{}\" is not name=value", pair);
    }
    out[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return out;
}

std::string text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

int64_t number_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return static_cast<int64_t>(value->get_uint64());
  return value->is_double() ? static_cast<int64_t>(value->get_double()) : 0;
}

}  // namespace schedules::cli
