// Reads JSON text one level deep: an object's members or an array's elements, whose own objects and arrays stay
// JSON text (compact, numbers as they were written). No tree is built: an event's body goes through as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules::json {

inline constexpr size_t kMaxDepth = 32;

enum class Kind : uint8_t { null, boolean, number, string, object, array };

std::string_view to_string(Kind kind);  ///< "an object", for messages

struct Value {
  Kind kind = Kind::null;
  std::string_view text;  ///< string: its characters; else JSON text

  /// The value as an integer: also 3.0 and 3e2, not "3". nullopt if it is none or does not fit.
  [[nodiscard]] std::optional<int64_t> integer() const;
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] bool is_true() const { return text == "true"; }
};

struct Member {
  std::string_view key;  ///< empty for an array's elements
  Value value;
};

/// Not thread-safe; reading again reuses the memory, and ends the life of what was read before.
class Document {
 public:
  /// Errors: invalid_json (not JSON, not UTF-8, deeper than kMaxDepth, a key twice at the top; column is set).
  Status read(std::string_view text);

  [[nodiscard]] Kind kind() const { return root_.kind; }
  [[nodiscard]] const Value& root() const { return root_; }  ///< for scalars
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  [[nodiscard]] const Value* find(std::string_view key) const;

 private:
  friend struct Builder;
  Value root_;
  std::vector<Member> members_;
  std::string arena_;
  std::string scratch_;
};

/// The value as JSON text again.
std::string to_json(const Value& value);

}  // namespace schedules::json
