// Whether the servers in the settings answer at all: names, and one TCP connection each.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace schedules::cli {

/// Every host and port of a server's address: "redis-sentinel://h:p,h:p/0#m" has two. Without a port the scheme's own.
/// `http`: that of http://, which is ClickHouse's where nothing else is said.
std::vector<HostPort> endpoints_of(std::string_view url, uint16_t http = 8123);

/// Connects and closes. Errors: unavailable, timeout, with what to look at.
Status reach(const HostPort& endpoint, std::chrono::milliseconds limit);

}  // namespace schedules::cli
