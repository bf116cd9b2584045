// Which events a command means: the options, as a query and as JSON.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/session.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace schedules::cli {

struct EventFilterOptions {
  std::string topic, action, entity_type, entity_id, correlation_id, schedule_id, source, tag, due_from, due_to;

  /// Names and values in the order of the API; empty ones among them.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs() const;
  [[nodiscard]] boost::json::object json() const;
  [[nodiscard]] bool empty() const;
};

void add_event_filter(CLI::App& command, EventFilterOptions& filter);

}  // namespace schedules::cli
