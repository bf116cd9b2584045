// Headers as one JSON object, for sinks whose place has no headers of its own.
#pragma once

#include <algorithm>
#include <string>

#include "base/text.h"
#include "model/event.h"

namespace schedules {

/// Appends {"name":"value", …}; of a name that is there twice, the first value counts.
inline void append_headers_json(std::string& out, const Headers& headers) {
  out += '{';
  for (auto one = headers.begin(); one != headers.end(); ++one) {
    const auto same_name = [&](const auto& earlier) { return earlier.first == one->first; };
    if (std::find_if(headers.begin(), one, same_name) != one) continue;
    if (one != headers.begin()) out += ',';
    append_json_string(out, one->first);
    out += ':';
    append_json_string(out, one->second);
  }
  out += '}';
}

}  // namespace schedules
