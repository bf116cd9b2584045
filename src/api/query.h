// The parameters after '?', read with their bounds. Faults are collected and told all at once by status().
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "time/clock.h"

namespace schedules::api {

class Query {
 public:
  /// Text after '?', not decoded.
  explicit Query(std::string_view text);

  /// Absent and empty are both nullopt.
  std::optional<std::string> text(std::string_view name);
  std::vector<std::string> texts(std::string_view name);  ///< a repeated parameter
  std::optional<int64_t> integer(std::string_view name, int64_t min, int64_t max);
  std::optional<bool> flag(std::string_view name);  ///< true, false, 1, 0, yes, no, on, off
  std::optional<TimePoint> time(std::string_view name);
  /// `parse` gives an optional; `choices` is told when it is empty.
  template <class Parse>
  auto choice(std::string_view name, Parse parse, std::string_view choices) -> decltype(parse(std::string_view{})) {
    const auto given = text(name);
    if (!given) return std::nullopt;
    auto value = parse(*given);
    if (!value) refuse(Code::invalid_argument, name, fmt::format("must be one of {}", choices));
    return value;
  }
  void refuse(Code code, std::string_view name, std::string detail);

  /// What was wrong so far; with `strict`, also each parameter that nobody asked for.
  Status strict_status();
  Status status();

 private:
  struct Parameter {
    std::string name;
    std::string value;
  };
  std::vector<Parameter> parameters_;
  std::vector<std::string_view> asked_;
  Error faults_;
};

}  // namespace schedules::api
