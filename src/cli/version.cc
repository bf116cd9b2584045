#include "cli/version.h"

namespace schedules::cli {

std::string_view version() { return SCHEDULES_VERSION; }

}  // namespace schedules::cli
