// Whole files as text.
#pragma once

#include <string>

#include "base/result.h"

namespace schedules {

/// The file's content; of "-", what comes on stdin. Errors: io_error.
Result<std::string> read_file(const std::string& path);

}  // namespace schedules
