// The version of this build.
#pragma once

#include <string_view>

namespace schedules::cli {

/// CMake's project version, such as "0.1.0".
std::string_view version();

}  // namespace schedules::cli
