// The collector by HTTP, with libcurl on the caller's thread. Its connection is kept.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "trace/collector.h"

namespace schedules::trace {

struct HttpCollectorOptions {
  std::string endpoint;  ///< http:// or https://; see traces_url
  std::string headers;   ///< sent with each request: "name=value,name=value"
  std::string user_agent = "stufio-schedules";
  std::chrono::milliseconds timeout{10'000};  ///< of one request
};

/// "http://collector:4318" to "http://collector:4318/v1/traces"; one that ends so already is left as it is.
std::string traces_url(std::string_view endpoint);

/// Errors: internal (libcurl does not start).
Result<std::unique_ptr<Collector>> open_http_collector(HttpCollectorOptions options);

}  // namespace schedules::trace
