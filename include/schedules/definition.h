// Schedules declared in code: each is registered when the program starts, and applied when a Scheduler is opened. What an
// operator has overridden or paused stays; one that is taken out of the code is disabled.
//
//   SCHEDULES_DEFINITION(DailyCleanup, .entity_type = "system", .action = "cleanup", .cron = "0 2 * * *",
//                        .payload = R"({"targets":["temp_files"]})");
#pragma once

#include <chrono>
#include <string>

namespace schedules {

struct ScheduledEventDefinition {
  std::string entity_type;
  std::string action;
  std::string cron;    ///< 5, 6 or 7 fields, @daily, @every 90s
  std::string name{};  ///< default: "entity_type.action"; the schedule's name
  std::string description{};
  std::string payload = "{}";  ///< JSON text of an object
  std::string timezone = "UTC";
  std::string topic{};  ///< default: the setting DEFAULT_TOPIC
  std::string actor_type = "system";
  std::string actor_id = "scheduler";
  unsigned max_retries = 3;
  std::chrono::seconds retry_delay{60};
  std::string module_name = "library";  ///< whose it is: orphans are looked for among a module's own
  std::string webhook_url{};            ///< instead of a handler
};

/// Adds it to those that Scheduler::open applies. Thread-safe; true, so that it can initialise a variable.
bool register_definition(std::string class_name, ScheduledEventDefinition definition);

}  // namespace schedules

#define SCHEDULES_DEFINITION(class_name, ...)                     \
  [[maybe_unused]] inline const bool class_name##_is_registered = \
      ::schedules::register_definition(#class_name, ::schedules::ScheduledEventDefinition{__VA_ARGS__})
