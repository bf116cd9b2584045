#include "cli/event_filter.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

namespace schedules::cli {

std::vector<std::pair<std::string, std::string>> EventFilterOptions::pairs() const {
  return {{"topic", topic},
          {"action", action},
          {"entity_type", entity_type},
          {"entity_id", entity_id},
          {"correlation_id", correlation_id},
          {"schedule_id", schedule_id},
          {"source", source},
          {"tag", tag},
          {"due_from", due_from},
          {"due_to", due_to}};
}

boost::json::object EventFilterOptions::json() const {
  boost::json::object out;
  for (const auto& [name, value] : pairs()) {
    if (!value.empty()) out[name] = value;
  }
  return out;
}

bool EventFilterOptions::empty() const {
  return std::ranges::all_of(pairs(), [](const auto& pair) { return pair.second.empty(); });
}

void add_event_filter(CLI::App& command, EventFilterOptions& filter) {
  const auto add = [&](const char* name, std::string& value, const char* meaning, const char* type) {
    command.add_option(name, value, meaning)->type_name(type)->group("Which events");
  };
  add("--topic", filter.topic, "of this topic", "T");
  add("--action", filter.action, "with this action", "A");
  add("--entity-type", filter.entity_type, "about this type of entity", "TYPE");
  add("--entity-id", filter.entity_id, "about this entity", "ID");
  add("--correlation-id", filter.correlation_id, "with this correlation id", "ID");
  add("--schedule-id", filter.schedule_id, "made by this schedule", "ID");
  add("--source", filter.source, "sent by: api_request, kafka_delayed, schedule, …", "NAME");
  add("--tag", filter.tag, "with this tag", "TAG");
  add("--due-from", filter.due_from, "due at or after", "TIME");
  add("--due-to", filter.due_to, "due before", "TIME");
}

}  // namespace schedules::cli
