#include "model/envelope.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/enveloped.h"
#include "time/text.h"

namespace schedules {
namespace {

constexpr std::array<std::string_view, 5> kActorTypes{"guest", "user", "admin", "system", "service"};

std::string_view actor_type_of(const Event& event) {
  const bool known = std::ranges::find(kActorTypes, event.actor_type) != kActorTypes.end();
  return known ? std::string_view(event.actor_type) : "system";
}

void member(std::string& out, std::string_view name, std::string_view value) {
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

bool is_reserved(const Headers& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const auto& header) { return header.first == name; });
}

/// The producer's headers as they came, but for what only this delivery knows; then those of ours that it did not send.
Headers with_missing(const Headers& given, Headers ours) {
  constexpr std::array<std::string_view, 5> kOfThisDelivery{"event_id", "attempt", "due_time", "fired_time",
                                                            "scheduled_at"};
  Headers out;
  const auto trace = std::ranges::find(ours, "traceparent", &Headers::value_type::first);
  for (const auto& header : given) {
    const auto name = to_lower(header.first);
    if (std::ranges::find(kOfThisDelivery, name) != kOfThisDelivery.end()) continue;
    out.push_back(header);
    if (name == "traceparent" && trace != ours.end()) out.back().second = trace->second;
  }
  const Headers kept = out;
  for (auto& header : ours) {
    const bool told = header.first == "original_correlation_id" && is_reserved(kept, "correlation_id");
    if (!told && !is_reserved(kept, header.first)) out.push_back(std::move(header));
  }
  return out;
}

}  // namespace

std::string correlation_uuid(const Event& event) {
  if (event.correlation_id.empty()) return event.id.text();
  if (is_uuid4(event.correlation_id)) return to_lower(event.correlation_id);
  return derived_id(event.correlation_id).text();
}

std::string partition_key(const Event& event) {
  if (!event.key.empty() || is_enveloped(event)) return event.key;
  if (event.entity_id.empty()) return event.entity_type;
  return event.entity_type + "." + event.entity_id;
}

std::string fired_message(const Event& event, TimePoint fired_at, CorrelationMode mode) {
  if (is_enveloped(event)) return event.body;
  std::string out;
  out.reserve(event.body.size() + 512);
  out += R"({"event_id":")";
  out += event.id.text();
  out += R"(","correlation_id":)";
  if (mode == CorrelationMode::null) {
    out += "null";
  } else {
    out += '"';
    out += correlation_uuid(event);
    out += '"';
  }
  out += R"(,"timestamp":")";
  append_time(out, fired_at);
  out += R"(","entity":{)";
  member(out, "type", event.entity_type);
  out += ',';
  member(out, "id", event.entity_id);
  out += "},";
  member(out, "action", event.action);
  out += R"(,"actor":{)";
  member(out, "type", actor_type_of(event));
  out += ',';
  member(out, "id", event.actor_id);
  out += R"(},"payload":)";
  out += event.body;
  out += R"(,"metrics":{"queue_time_ms":)";
  const auto queued = std::chrono::duration_cast<std::chrono::milliseconds>(fired_at - event.due_at);
  fmt::format_to(std::back_inserter(out), "{}", std::max<int64_t>(queued.count(), 0));
  out += R"(,"custom_metrics":{"source":"scheduler")";
  if (!event.schedule_id.empty()) {
    out += ',';
    member(out, "schedule_id", event.schedule_id);
  }
  if (event.missed_count > 0) fmt::format_to(std::back_inserter(out), R"(,"missed_count":{})", event.missed_count);
  out += R"(,"scheduled_at":")";
  append_time(out, event.nominal_at.value_or(event.due_at));
  out += R"("}}})";
  return out;
}

Headers fired_headers(const Event& event, TimePoint fired_at) {
  Headers headers{{"entity_type", event.entity_type},
                  {"action", event.action},
                  {"correlation_id", correlation_uuid(event)},
                  {"content-type", "application/json"},
                  {"event_id", event.id.text()},
                  {"attempt", std::to_string(event.attempt + 1)},
                  {"due_time", format_time(event.due_at)},
                  {"fired_time", format_time(fired_at)},
                  {"scheduled_at", format_time(event.nominal_at.value_or(event.due_at))}};
  if (!event.schedule_id.empty()) headers.emplace_back("schedule_id", event.schedule_id);
  if (!event.traceparent.empty()) headers.emplace_back("traceparent", event.traceparent);
  if (!event.correlation_id.empty() && !is_uuid4(event.correlation_id)) {
    headers.emplace_back("original_correlation_id", event.correlation_id);
  }
  if (is_enveloped(event)) return with_missing(event.headers, std::move(headers));
  const size_t own = headers.size();
  const Headers reserved(headers.begin(), headers.begin() + static_cast<std::ptrdiff_t>(own));
  for (const auto& header : event.headers) {
    if (!is_reserved(reserved, to_lower(header.first))) headers.push_back(header);
  }
  return headers;
}

}  // namespace schedules
