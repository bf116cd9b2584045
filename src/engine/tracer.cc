#include "engine/tracer.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace schedules {
namespace {

constexpr std::array<std::string_view, 7> kSteps{"accept", "store", "transfer", "window", "begin", "publish", "settle"};

}  // namespace

std::string_view to_string(Step step) { return kSteps.at(static_cast<size_t>(step)); }

SpanId span_id(const EventId& event, Step step, int64_t round) {
  const auto seed = static_cast<uint64_t>(round) * kSteps.size() + static_cast<uint64_t>(step);
  const uint64_t hash = std::max<uint64_t>(stable_hash(event.view(), seed), 1);
  SpanId id;
  std::memcpy(id.bytes.data(), &hash, sizeof(hash));
  return id;
}

SpanId accept_span(const Event& event) {
  return span_id(event.id, Step::accept, static_cast<int64_t>(event.schedule_revision));
}

std::string publish_traceparent(const TraceContext& trace, const Event& event) {
  return format_traceparent({trace.trace, span_id(event.id, Step::publish, to_micros(event.fire_at)), true});
}

std::optional<TraceStep> traced_step(Tracer& tracer, Step step, const Event& event, TimePoint round, TimePoint start,
                                     TimePoint end) {
  const auto trace = tracer.recorded(event);
  if (!trace || !tracer.admit(1)) return std::nullopt;
  TraceStep made;
  made.step = step;
  made.trace = trace->trace;
  made.span = span_id(event.id, step, to_micros(round));
  made.parent = accept_span(event);
  made.start = start;
  made.end = std::max(start, end);
  made.event = event.id;
  made.due_at = event.due_at;
  made.topic = event.topic;
  made.schedule_id = event.schedule_id;
  return made;
}

}  // namespace schedules
