#include "engine/accept_trace.h"

#include <algorithm>

namespace schedules {

void AcceptTrace::note(size_t place, const Event& event, TimePoint now) {
  const auto trace = tracer_->recorded(event);
  if (!trace || !tracer_->admit(2)) return;
  auto& accept = calls_.emplace_back(Call{.place = place, .accept = {}}).accept;
  accept.trace = trace->trace;
  accept.span = accept_span(event);
  accept.parent = trace->span;
  accept.start = now;
  accept.event = event.id;
  accept.due_at = event.due_at;
  accept.topic = event.topic;
  accept.schedule_id = event.schedule_id;
  accept.source = event.source;
}

void AcceptTrace::tell(const std::vector<Accepted>& answers) {
  const TimePoint now = clock_.wall();
  std::vector<TraceStep> steps;
  for (auto& [place, accept] : calls_) {
    const auto& answer = answers.at(place);
    const bool made = !answer.error && answer.result == PutResult::created;
    // Occurrences are planned over and over; only the first time is news.
    if (mode_ == PutMode::planned && !answer.error && !made) continue;
    accept.end = std::max(accept.start, now);
    accept.outcome = made ? "created" : answer.error ? to_string(answer.error->code) : "exists";
    accept.failed = answer.error.has_value();
    if (answer.error) accept.error = answer.error->detail;
    // The event's other steps hang on the call that made it; a second call of the same event is a span of its own.
    const bool first = made && mode_ != PutMode::redriven;
    if (!first) accept.span = span_id(accept.event, Step::accept, to_micros(accept.start));
    const bool was_put = answer.stored.event.id == accept.event && (made || accept.failed);
    if (was_put) {
      auto& store = steps.emplace_back(accept);
      store.step = Step::store;
      store.span = span_id(accept.event, Step::store, to_micros(accept.start));
      store.parent = accept.span;
      store.source.clear();
      store.tier = answer.stored.tier;
      store.start = std::max(accept.start, storing_at_);
      store.end = std::clamp(stored_at_[static_cast<size_t>(store.tier)], store.start, std::max(store.start, now));
    }
    steps.push_back(std::move(accept));
  }
  if (!steps.empty()) tracer_->record(std::move(steps));
}

}  // namespace schedules
