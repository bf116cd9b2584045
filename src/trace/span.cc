#include "trace/span.h"

#include "base/text.h"
#include "time/text.h"

namespace schedules::trace {
namespace {

SpanKind kind_of(const TraceStep& step) {
  if (step.step == Step::publish) return step.sink == "webhook" ? SpanKind::client : SpanKind::producer;
  if (step.step != Step::accept) return SpanKind::internal;
  if (step.source == "api_request") return SpanKind::server;
  return step.source == "kafka_delayed" ? SpanKind::consumer : SpanKind::internal;
}

class Attributes {
 public:
  void text(std::string_view key, std::string value) {
    if (!value.empty()) made_.push_back({key, std::move(value)});
  }
  void number(std::string_view key, int64_t value) { made_.push_back({key, value}); }
  std::vector<Attribute> take() { return std::move(made_); }

 private:
  std::vector<Attribute> made_;
};

void describe_publish(Attributes& out, TraceStep& step) {
  out.text("messaging.system", step.sink == "kafka" ? "kafka" : "schedules");
  out.text("messaging.operation.name", "publish");
  out.text("messaging.operation.type", "send");
  out.number("schedules.attempt", step.attempt);
  out.number("schedules.lateness_us", (step.start - step.due_at).count());
  out.text("schedules.position", std::move(step.position));
}

}  // namespace

Span span_of(TraceStep step) {
  Span span{.trace = step.trace,
            .id = step.span,
            .parent = step.parent,
            .parent_is_remote = step.step == Step::accept && !step.parent.none(),
            .name = std::string(to_string(step.step)),
            .kind = kind_of(step),
            .start = step.start,
            .end = step.end,
            .failed = step.failed};
  Attributes out;
  out.text("messaging.message.id", step.event.text());
  switch (step.step) {
    case Step::accept:
      out.text("schedules.source", std::move(step.source));
      out.text("schedules.due_time", format_time(step.due_at));
      break;
    case Step::store:
      out.text("schedules.tier", std::string(to_string(step.tier)));
      break;
    case Step::publish:
      span.name = fmt::format("publish {}", step.topic);
      describe_publish(out, step);
      break;
    default:
      break;
  }
  out.text("messaging.destination.name", std::move(step.topic));
  out.text("schedules.schedule_id", std::move(step.schedule_id));
  out.text("schedules.sink", std::move(step.sink));
  out.text("schedules.outcome", step.outcome);
  out.text("schedules.reason", step.reason);
  if (step.failed) {
    out.text("error.type", step.reason.empty() ? std::move(step.outcome) : std::move(step.reason));
    span.message = truncate_utf8(step.error, kMaxMessageBytes);
  }
  span.attributes = out.take();
  return span;
}

}  // namespace schedules::trace
