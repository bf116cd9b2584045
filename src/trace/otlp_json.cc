#include "trace/otlp_json.h"

#include "base/text.h"

namespace schedules::trace {
namespace {

// Span.flags beside the W3C's: that the parent's place is known, and that it is another process.
constexpr unsigned kSampled = 0x01;
constexpr unsigned kPlaceKnown = 0x100;
constexpr unsigned kRemote = 0x200;
constexpr int kStatusError = 2;

void append_attribute(std::string& out, std::string_view key, const std::variant<std::string, int64_t>& value) {
  out += R"({"key":)";
  append_json_string(out, key);
  out += R"(,"value":{)";
  if (const auto* number = std::get_if<int64_t>(&value)) {
    fmt::format_to(std::back_inserter(out), R"("intValue":"{}")", *number);
  } else {
    out += R"("stringValue":)";
    append_json_string(out, std::get<std::string>(value));
  }
  out += "}}";
}

void append_time(std::string& out, std::string_view name, TimePoint time) {
  const auto nanoseconds = std::chrono::nanoseconds(time.time_since_epoch()).count();
  fmt::format_to(std::back_inserter(out), R"(,"{}":"{}")", name, nanoseconds);
}

void append_span(std::string& out, const Span& span) {
  fmt::format_to(std::back_inserter(out), R"({{"traceId":"{}","spanId":"{}")", span.trace.text(), span.id.text());
  if (!span.parent.none()) fmt::format_to(std::back_inserter(out), R"(,"parentSpanId":"{}")", span.parent.text());
  fmt::format_to(std::back_inserter(out), R"(,"flags":{},"name":)",
                 kSampled | kPlaceKnown | (span.parent_is_remote ? kRemote : 0U));
  append_json_string(out, span.name);
  fmt::format_to(std::back_inserter(out), R"(,"kind":{})", static_cast<int>(span.kind));
  append_time(out, "startTimeUnixNano", span.start);
  append_time(out, "endTimeUnixNano", span.end);
  out += R"(,"attributes":[)";
  for (const auto& attribute : span.attributes) {
    if (out.back() != '[') out += ',';
    append_attribute(out, attribute.key, attribute.value);
  }
  out += ']';
  if (span.failed) {
    fmt::format_to(std::back_inserter(out), R"(,"status":{{"code":{},"message":)", kStatusError);
    append_json_string(out, span.message);
    out += '}';
  }
  out += '}';
}

}  // namespace

std::string otlp_json(const Resource& resource, std::span<const Span> spans) {
  std::string out;
  out.reserve(512 + 1'024 * spans.size());
  out += R"({"resourceSpans":[{"resource":{"attributes":[)";
  append_attribute(out, "service.name", resource.service);
  out += ',';
  append_attribute(out, "service.version", resource.version);
  out += ',';
  append_attribute(out, "service.instance.id", resource.instance);
  out += R"(]},"scopeSpans":[{"scope":{"name":"schedules.engine","version":)";
  append_json_string(out, resource.version);
  out += R"(},"spans":[)";
  for (const auto& span : spans) {
    if (out.back() != '[') out += ',';
    append_span(out, span);
  }
  out += "]}]}]}";
  return out;
}

}  // namespace schedules::trace
