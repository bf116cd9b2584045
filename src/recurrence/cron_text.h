// A cron expression as text: its fields, macros resolved, and what it says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "recurrence/cron.h"
#include "recurrence/cron_field.h"

namespace schedules {

struct ParsedCron {
  std::vector<FieldText> texts;  ///< in the order of the expression
  CronFields fields;
  std::vector<std::string> notes;  ///< what a reader may not expect, as sentences
};

/// Everything but whether the calendar ever offers such a time. Errors: invalid_cron.
Result<ParsedCron> parse_cron_text(std::string_view text, const CronOptions& options);

/// Whether the text is "@every …"; then `duration_column` is where the duration begins.
bool is_every_macro(std::string_view text, size_t& duration_column);

/// Sentences about an expression that is valid: what H chose, how the two day fields combine, steps
/// that do not fit. Empty for one that is not valid.
std::vector<std::string> cron_notes(std::string_view text, const CronOptions& options);

}  // namespace schedules
