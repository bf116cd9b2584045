// Definition files: schedules declared in YAML (or JSON, which is YAML too).
//
//   version: 1
//   owner: billing            # or module_name
//   definitions:
//   - name: billing.process
//     cron_expression: 0 0 1 * *
//     timezone: Europe/London
//     event_type: billing
//     event_action: process
//     payload: {billing_type: monthly}
//
// The keys are those of the API; payload, headers, entity_id and correlation_id may stand without "event_", category
// becomes a tag, class_name and next_fires_* say nothing to us.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules {

struct Definition {
  std::string name;
  std::string where;  ///< file:line
  std::string owner;
  std::string body;  ///< JSON object with every field of schedule_fields.h, what was not said at its default
};

/// Errors: io_error, invalid_argument (not YAML), and every fault of every definition, with "file:line" in it.
Result<std::vector<Definition>> read_definitions(const std::string& path, const std::string& owner);
Result<std::vector<Definition>> parse_definitions(const std::string& text, const std::string& file,
                                                  const std::string& owner);
/// All files together. Errors: also already_exists, where two have one name.
Result<std::vector<Definition>> read_all_definitions(const std::vector<std::string>& paths, const std::string& owner);

}  // namespace schedules
