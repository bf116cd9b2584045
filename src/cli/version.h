// The version of this build; CMake's project version.
#pragma once

#include <string_view>

#ifndef SCHEDULES_VERSION
#define SCHEDULES_VERSION "0.0.0"
#endif

namespace schedules {

inline constexpr std::string_view kVersion = SCHEDULES_VERSION;

}  // namespace schedules
