// What Redis answers, as a plain value. Errors of Redis itself never appear in one: they are Errors of the call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace schedules::redis {

struct Reply {
  enum class Kind : uint8_t { nil, integer, text, array };

  Kind kind = Kind::nil;
  int64_t integer = 0;
  std::string text;  ///< bulk strings and statuses
  std::vector<Reply> items;

  [[nodiscard]] bool is_nil() const { return kind == Kind::nil; }
};

}  // namespace schedules::redis
