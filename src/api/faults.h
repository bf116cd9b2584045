// Readers of single JSON values that collect what is wrong, for all inputs of the API.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/json/reader.h"
#include "api/problem.h"
#include "model/event.h"

namespace schedules::api {

enum class Presence : uint8_t { required, optional };

/// Collects faults; each read answers nullopt after it has noted one. The field is the value's dotted path.
class Faults {
 public:
  void add(Code code, std::string_view field, std::string detail);
  [[nodiscard]] bool any() const { return has_faults(all_); }
  [[nodiscard]] const Error& error() const { return all_; }

  /// A text for people or machines: at most `limit` bytes, no control characters.
  std::optional<std::string> name(std::string_view field, const json::Value& value, Presence presence,
                                  size_t limit = kMaxNameChars);
  /// Any text of at most `limit` bytes.
  std::optional<std::string> text(std::string_view field, const json::Value& value, size_t limit);
  std::optional<int64_t> integer(std::string_view field, const json::Value& value, int64_t min, int64_t max);
  std::optional<double> number(std::string_view field, const json::Value& value, double min, double max);
  std::optional<bool> boolean(std::string_view field, const json::Value& value);
  std::optional<TimePoint> time(std::string_view field, const json::Value& value);
  /// Compact JSON text of an object; also takes a text which holds one. At most kMaxBodyBytes.
  std::optional<std::string> object(std::string_view field, const json::Value& value);
  std::optional<Headers> headers(std::string_view field, const json::Value& value);
  std::optional<std::vector<std::string>> names(std::string_view field, const json::Value& value, size_t most);
  std::optional<Target> target(std::string_view field, const json::Value& value);
  /// One of the words that `parse` knows.
  template <class Parse>
  auto choice(std::string_view field, const json::Value& value, Parse parse, std::string_view choices)
      -> decltype(parse(std::string_view{})) {
    if (!expect(field, value, json::Kind::string)) return std::nullopt;
    auto found = parse(value.text);
    if (!found) add(Code::invalid_argument, field, fmt::format("{} must be one of {}", field, choices));
    return found;
  }
  bool expect(std::string_view field, const json::Value& value, json::Kind kind);

 private:
  Error all_;
};

}  // namespace schedules::api
