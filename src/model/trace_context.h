// W3C Trace Context: the ids of traces and spans, and the text of a traceparent. Plain values, pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace schedules {

struct Event;

struct TraceId {
  std::array<uint8_t, 16> bytes{};

  bool operator==(const TraceId&) const = default;
  /// 32 lower-case hex digits.
  [[nodiscard]] std::string text() const;
};

struct SpanId {
  std::array<uint8_t, 8> bytes{};

  bool operator==(const SpanId&) const = default;
  [[nodiscard]] bool none() const { return *this == SpanId{}; }
  /// 16 lower-case hex digits.
  [[nodiscard]] std::string text() const;
};

struct TraceContext {
  TraceId trace;
  SpanId span;  ///< the parent of what is done next; none: what is done next begins the trace
  bool sampled = false;

  bool operator==(const TraceContext&) const = default;
};

/// Reads a traceparent of version 00, or of a later one as far as it is known here. nullopt for all that the W3C calls
/// invalid: capitals, ids of zeros, version ff, a version 00 of another length.
std::optional<TraceContext> parse_traceparent(std::string_view text);
/// "00-<trace>-<span>-01", or 00 at the end where it is not sampled.
std::string format_traceparent(const TraceContext& context);

/// The trace of an event that came without one: its id.
inline TraceId own_trace(const EventId& id) { return TraceId{id.bytes}; }
/// The trace that the event belongs to, whether it is recorded or not; for log lines.
TraceId trace_of(const Event& event);

}  // namespace schedules
