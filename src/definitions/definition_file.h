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
// becomes a tag, next_fires_* say nothing to us.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules {

struct Definition {
  std::string name;  ///< the schedule's: "entity_type.action" unless said
  std::string
      class_name;     ///< what it is known by across renamings: the name in PascalCase + "ScheduledEvent" unless said
  std::string where;  ///< file:line
  std::string owner;
  std::string body;  ///< JSON object with every field of schedule_field.h, what was not said at its default
};

/// What could be read of files, and what could not. A faulty definition is left out, the others are whole.
struct DefinitionFiles {
  std::vector<Definition> definitions;
  std::vector<Error> faults;  ///< each with "file:line" in its detail; already_exists where two have one name
};

/// Adds the others; where two have one name, the later one is a fault.
void append(DefinitionFiles& all, DefinitionFiles some);
DefinitionFiles read_definition_text(const std::string& text, const std::string& file, const std::string& owner = "");
/// Every *.yaml, *.yml and *.json in the folder and below it, by path; or the one file. A path that is not there is a fault.
DefinitionFiles read_definition_folder(const std::string& path);

/// Strict: any fault is an error, all of them together. Errors: io_error, invalid_argument (not YAML), …
Result<std::vector<Definition>> parse_definitions(const std::string& text, const std::string& file,
                                                  const std::string& owner);
Result<std::vector<Definition>> read_definitions(const std::string& path, const std::string& owner);
/// All files together. Errors: also already_exists, where two have one name.
Result<std::vector<Definition>> read_all_definitions(const std::vector<std::string>& paths, const std::string& owner);

/// "daily_cleanup.run" → "DailyCleanupRunScheduledEvent"
std::string class_name_of(std::string_view name);

}  // namespace schedules
