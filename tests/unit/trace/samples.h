// Steps for tests.
#pragma once

#include "engine/tracer.h"

namespace schedules::trace::testing {

inline const TimePoint kStart = from_micros(1'767'225'600'123'456);

inline EventId id_of(std::string_view text) { return derived_id(text); }

inline TraceStep sample_step(Step step = Step::settle, std::string_view event = "event") {
  TraceStep made;
  made.step = step;
  made.trace = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")->trace;
  made.event = id_of(event);
  made.span = span_id(made.event, step, 7);
  made.parent = span_id(made.event, Step::accept, 0);
  made.start = kStart;
  made.end = kStart + Duration(250);
  made.due_at = kStart - Duration(1'000);
  made.topic = "user.notifications";
  return made;
}

inline std::vector<TraceStep> sample_steps(size_t count) {
  std::vector<TraceStep> steps;
  for (size_t i = 0; i < count; ++i) steps.push_back(sample_step(Step::settle, std::to_string(i)));
  return steps;
}

}  // namespace schedules::trace::testing
