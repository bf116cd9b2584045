// What the engine tells of the way of single events, for distributed traces: only of those whose trace is recorded, and
// nothing where there is no tracer. The ids of spans follow from the event alone, so that a process which has been
// started again goes on with the same trace, and nothing has to be stored for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/event.h"
#include "model/trace_context.h"

namespace schedules {

/// In the order of an event's way.
enum class Step : uint8_t {
  accept,    ///< from the call until its answer; the parent of all others
  store,     ///< until it is durable
  transfer,  ///< out of the far store into the near one
  window,    ///< held in memory until it was due and there was room to begin it
  begin,     ///< marked in flight in the store
  publish,   ///< one try
  settle,    ///< until its end, or that it waits again, is stored
};
std::string_view to_string(Step step);

/// One step of one event.
struct TraceStep {
  Step step = Step::accept;
  TraceId trace;
  SpanId span;
  SpanId parent;  ///< none: the step begins the trace
  TimePoint start;
  TimePoint end;  ///< never before start
  EventId event;
  TimePoint due_at;
  std::string topic;
  std::string schedule_id;
  std::string source;    ///< of accept: who made the event
  std::string sink;      ///< of publish, and of settle where it was tried
  std::string position;  ///< of publish: where the sink has it
  std::string outcome;   ///< created, exists; delivered, retry, rejected; the state that was settled
  std::string reason;    ///< of settle: Outcome::reason
  std::string error;     ///< why it failed
  bool failed = false;
  Tier tier = Tier::near;  ///< of store
  uint32_t attempt = 0;    ///< of publish, counted from 1
};

/// Thread-safe and cheap.
class Tracer {
 public:
  virtual ~Tracer() = default;
  /// The trace into which this event's steps are recorded, with the caller's span; nullopt: they are not. The same at
  /// every step.
  [[nodiscard]] virtual std::optional<TraceContext> recorded(const Event& event) const = 0;
  /// Asked before steps are made of a recorded event: false where there is no room for them, which are then counted as
  /// dropped.
  virtual bool admit(size_t steps) = 0;
  virtual void record(std::vector<TraceStep> steps) = 0;
};

/// The id of a step's span. `round` tells apart what happens to one event more than once: the fire_at of a begin.
SpanId span_id(const EventId& event, Step step, int64_t round);
/// Of the accept that made the event.
SpanId accept_span(const Event& event);
/// What goes out with the event as it was begun: its publish is the parent.
std::string publish_traceparent(const TraceContext& trace, const Event& event);

/// nullopt where the event's trace is not recorded, or there is no room. `round`: see span_id.
std::optional<TraceStep> traced_step(Tracer& tracer, Step step, const Event& event, TimePoint round, TimePoint start,
                                     TimePoint end);

/// Collects the steps of a batch and hands them over at its end.
class StepBatch {
 public:
  explicit StepBatch(Tracer* tracer) : tracer_(tracer) {}
  ~StepBatch() {
    if (!steps_.empty()) tracer_->record(std::move(steps_));
  }
  StepBatch(const StepBatch&) = delete;
  StepBatch& operator=(const StepBatch&) = delete;

  /// The step, to be added to until the next call; nullptr where there is none, as for traced_step.
  TraceStep* add(Step step, const Event& event, TimePoint fire_at, TimePoint start, TimePoint end) {
    if (tracer_ == nullptr) return nullptr;
    auto made = traced_step(*tracer_, step, event, fire_at, start, end);
    return made ? &steps_.emplace_back(std::move(*made)) : nullptr;
  }

 private:
  Tracer* tracer_;
  std::vector<TraceStep> steps_;
};

}  // namespace schedules
