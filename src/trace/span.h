// A span as OpenTelemetry has it, and how a step of an event becomes one. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/tracer.h"

namespace schedules::trace {

/// Numbered as in OTLP.
enum class SpanKind : uint8_t { internal = 1, server, client, producer, consumer };

struct Attribute {
  std::string_view key;  ///< lives for ever
  std::variant<std::string, int64_t> value;

  bool operator==(const Attribute&) const = default;
};

struct Span {
  TraceId trace;
  SpanId id;
  SpanId parent;
  bool parent_is_remote = false;
  std::string name;
  SpanKind kind = SpanKind::internal;
  TimePoint start;
  TimePoint end;
  std::vector<Attribute> attributes;
  bool failed = false;
  std::string message;  ///< of the status, where it failed; at most kMaxMessageBytes
};

inline constexpr size_t kMaxMessageBytes = 256;

/// Names and attributes: docs/traces.md.
Span span_of(TraceStep step);

}  // namespace schedules::trace
