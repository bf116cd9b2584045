// Reads the fields of a document that anybody may have written. A field that is absent or null leaves the value as it is;
// one of another type is a fault, the first of which is kept, and the rest is read all the same: what cannot be used can
// still be shown. Plain value; the document's bytes must outlive it.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"
#include "mongo/bson.h"

namespace schedules {

class FieldReader {
 public:
  explicit FieldReader(std::string_view document);

  /// The first fault, a sentence that begins with the field's name; empty: none.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  template <class... Args>
  void add_fault(fmt::format_string<Args...> text, Args&&... args) {
    if (fault_.empty()) fault_ = fmt::format(text, std::forward<Args>(args)...);
  }

  /// nullptr where it is absent or null.
  [[nodiscard]] const mongo::Element* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return fields_.contains(name); }
  /// A fault where it is absent or null.
  void require(std::string_view name);

  void text(std::string_view name, std::string& value);
  void text(std::string_view name, std::optional<std::string>& value);
  void boolean(std::string_view name, bool& value);
  void real(std::string_view name, double& value);
  /// A date, or RFC 3339 text. `exact_us`, where it lies within the date's millisecond, says the microseconds too.
  void time(std::string_view name, std::optional<TimePoint>& value, std::optional<int64_t> exact_us = {});
  /// Seconds, with a fraction.
  void seconds(std::string_view name, Duration& value);
  void words(std::string_view name, std::vector<std::string>& values);

  template <class Number>
  void number(std::string_view name, Number& value) {
    const auto read = integer(name, static_cast<int64_t>(std::numeric_limits<Number>::min()), most<Number>());
    if (read) value = static_cast<Number>(*read);
  }
  template <class Number>
  void number(std::string_view name, std::optional<Number>& value) {
    Number inner{};
    if (find(name) == nullptr) return;
    number(name, inner);
    value = inner;
  }
  void whole_seconds(std::string_view name, std::chrono::seconds& value) {
    constexpr int64_t kMost = std::chrono::seconds(kMaxDelay).count();
    if (const auto read = integer(name, -kMost, kMost)) value = std::chrono::seconds(*read);
  }
  void whole_seconds(std::string_view name, std::optional<std::chrono::seconds>& value) {
    std::chrono::seconds inner{};
    if (find(name) == nullptr) return;
    whole_seconds(name, inner);
    value = inner;
  }
  /// `parse`: std::optional<Enum>(std::string_view).
  template <class Enum, class Parse>
  void word(std::string_view name, Enum& value, Parse parse) {
    std::string read;
    const auto* element = find(name);
    if (element == nullptr) return;
    text(name, read);
    if (element->type != mongo::Type::text) return;
    if (const auto known = parse(read)) {
      value = *known;
    } else {
      add_fault("{} has the unknown value \"{}\"", name, shortened(read));
    }
  }

  static std::string shortened(std::string_view text);

 private:
  template <class Number>
  static constexpr int64_t most() {
    constexpr auto kMost = std::numeric_limits<Number>::max();
    if constexpr (sizeof(Number) == sizeof(int64_t)) return std::numeric_limits<int64_t>::max();
    return static_cast<int64_t>(kMost);
  }
  std::optional<int64_t> integer(std::string_view name, int64_t least, int64_t most);
  void wrong_type(std::string_view name, const mongo::Element& element, std::string_view wanted);

  std::map<std::string_view, mongo::Element> fields_;
  std::string fault_;
};

/// What MongoDB's dates keep of a time.
inline int64_t floor_ms(TimePoint time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}
/// The same, as a time in a query: far ends are brought to where every driver can follow.
TimePoint queryable(TimePoint time);

}  // namespace schedules
