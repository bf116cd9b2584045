// schedules event put, and the due time that put and reschedule share.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/session.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace schedules::cli {

/// --in DURATION or --at TIME.
struct DueOptions {
  std::string in;
  std::string at;

  /// Puts delay_seconds or scheduled_at into the body. Errors: missing_field, invalid_argument, invalid_time.
  Status add_to(boost::json::object& body) const;
};
void add_due_options(CLI::App& command, DueOptions& due);

void add_event_put(CLI::App& group, Session& session);

}  // namespace schedules::cli
