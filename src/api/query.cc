#include "api/query.h"

#include <charconv>

#include "api/http/message.h"
#include "api/problem.h"
#include "base/text.h"
#include "time/text.h"

namespace schedules::api {

Query::Query(std::string_view text) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    Parameter parameter;
    const bool named = http::decode_percent(part.substr(0, equals), http::Plus::space, parameter.name);
    const bool valued =
        equals == part.npos || http::decode_percent(part.substr(equals + 1), http::Plus::space, parameter.value);
    if (!named || !valued || !is_valid_utf8(parameter.name) || !is_valid_utf8(parameter.value)) {
      refuse(Code::invalid_utf8, truncate_utf8(part, 60), "is not percent-encoded UTF-8");
    } else {
      parameters_.push_back(std::move(parameter));
    }
  }
}

std::optional<std::string> Query::text(std::string_view name) {
  asked_.push_back(name);
  for (const auto& parameter : parameters_)
    if (parameter.name == name && !parameter.value.empty()) return parameter.value;
  return std::nullopt;
}

std::vector<std::string> Query::texts(std::string_view name) {
  asked_.push_back(name);
  std::vector<std::string> values;
  for (const auto& parameter : parameters_)
    if (parameter.name == name && !parameter.value.empty()) values.push_back(parameter.value);
  return values;
}

std::optional<int64_t> Query::integer(std::string_view name, int64_t min, int64_t max) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error == std::errc::invalid_argument || end != given->data() + given->size()) {
    refuse(Code::wrong_type, name, "must be a whole number");
    return std::nullopt;
  }
  if (error != std::errc() || value < min || value > max) {
    refuse(Code::out_of_range, name, fmt::format("must be from {} to {}", min, max));
    return std::nullopt;
  }
  return value;
}

std::optional<bool> Query::flag(std::string_view name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const std::string word = to_lower(*given);
  if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "0" || word == "no" || word == "off") return false;
  refuse(Code::wrong_type, name, "must be true or false");
  return std::nullopt;
}

std::optional<TimePoint> Query::time(std::string_view name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto value = parse_time(*given);
  if (value) return *value;
  refuse(Code::invalid_time, name, value.error().detail);
  return std::nullopt;
}

void Query::refuse(Code code, std::string_view name, std::string detail) {
  add_fault(faults_,
            Error{.code = code, .detail = fmt::format("{} {}", name, detail), .field = fmt::format("query:{}", name)});
}

Status Query::strict_status() {
  for (const auto& parameter : parameters_) {
    if (std::ranges::find(asked_, parameter.name) != asked_.end()) continue;
    const auto near = nearest(parameter.name, asked_);
    refuse(Code::unknown_field, truncate_utf8(parameter.name, 60),
           near.empty() ? "is not known here" : fmt::format("is not known here; did you mean {}?", near));
  }
  return status();
}

Status Query::status() {
  if (has_faults(faults_)) return fail(faults_);
  return {};
}

}  // namespace schedules::api
