// One field of a cron expression: its name, its range, and the reader of its text.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "recurrence/day_rules.h"

namespace schedules {

enum class FieldKind { second, minute, hour, day_of_month, month, day_of_week, year };
constexpr size_t kFieldKinds = 7;

struct FieldTraits {
  std::string_view name;  ///< as in Error::field
  unsigned low = 0;
  unsigned high = 0;
  std::span<const std::string_view> names;  ///< the first one stands for `low`
};
const FieldTraits& traits_of(FieldKind kind);

/// What one field says. Only the parts of its kind are filled.
struct FieldValues {
  std::bitset<256> values;         ///< of `low` to `high`; years count from 1970, Sunday is 0
  DayRules days;                   ///< the special days (L, W, #) of the two day fields
  bool open = false;               ///< begins with '*' or '?'
  bool hash_step = false;          ///< H/n: a step over the whole field
  std::vector<std::string> notes;  ///< what a reader may not expect, as sentences
};

struct FieldText {
  FieldKind kind = FieldKind::minute;
  std::string_view text;
  int column = 0;  ///< of the text's first character in the expression
};

/// Errors: invalid_cron with the field's name and the column of the character that is wrong.
Result<FieldValues> parse_cron_field(const FieldText& field, std::string_view hash_seed);

}  // namespace schedules
