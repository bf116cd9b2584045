// Puts a file of events, one JSON object a line, in batches over one connection.
//
// A line that is refused is told with its number and harms no other. Where a connection breaks in a batch, its fate is
// not known: it is sent again if every line of it has an idempotency key, else the run stops and says from which line to
// go on. So a file with keys may be sent again as often as one likes.
#pragma once

#include <string>

#include "cli/session.h"

namespace schedules::cli {

struct EventFileOptions {
  std::string path;
  size_t batch = 1000;
  size_t from_line = 1;
};

int put_file(const EventFileOptions& options, const Session& session);

}  // namespace schedules::cli
