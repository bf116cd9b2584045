// Spans as the body of an OTLP/HTTP request in JSON: an ExportTraceServiceRequest (opentelemetry-proto 1.x), ids in
// hex, 64-bit numbers as texts, enumerations as numbers.
#pragma once

#include <span>
#include <string>

#include "trace/span.h"

namespace schedules::trace {

/// Who the spans are of.
struct Resource {
  std::string service = "stufio-schedules";
  std::string version;
  std::string instance;  ///< the node's id
};

std::string otlp_json(const Resource& resource, std::span<const Span> spans);

}  // namespace schedules::trace
