#include "model/trace_context.h"

#include <algorithm>
#include <span>

#include "model/event.h"

namespace schedules {
namespace {

constexpr size_t kLength = 55;  // of version 00
constexpr std::string_view kDigits = "0123456789abcdef";

std::string hex(std::span<const uint8_t> bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// False where a character is no lower-case digit.
bool read_hex(std::string_view text, std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

}  // namespace

std::string TraceId::text() const { return hex(bytes); }
std::string SpanId::text() const { return hex(bytes); }

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  std::array<uint8_t, 1> version{};
  std::array<uint8_t, 1> flags{};
  TraceContext context;
  if (!read_hex(text, version) || !read_hex(text.substr(3), context.trace.bytes) ||
      !read_hex(text.substr(36), context.span.bytes) || !read_hex(text.substr(53), flags)) {
    return std::nullopt;
  }
  if (version[0] == 0xFF || context.trace == TraceId{} || context.span.none()) return std::nullopt;
  const bool longer = text.size() > kLength;
  if (longer && (version[0] == 0 || text[kLength] != '-')) return std::nullopt;
  context.sampled = (flags[0] & 1U) != 0;
  return context;
}

std::string format_traceparent(const TraceContext& context) {
  return fmt::format("00-{}-{}-{}", context.trace.text(), context.span.text(), context.sampled ? "01" : "00");
}

TraceId trace_of(const Event& event) {
  const auto given = parse_traceparent(event.traceparent);
  return given ? given->trace : own_trace(event.id);
}

}  // namespace schedules
