#include "trace/tracing.h"

namespace schedules::trace {

Result<std::unique_ptr<Tracing>> Tracing::open(TracingOptions options) {
  auto collector = open_http_collector(options.collector);
  if (!collector) return fail(collector.error());
  return std::make_unique<Tracing>(std::move(options), std::move(*collector));
}

Tracing::Tracing(TracingOptions options, std::unique_ptr<Collector> collector)
    : sampler_(options.ratio),
      queue_(options.queue_limit),
      random_(system_random()),
      collector_(std::move(collector)),
      exporter_(std::move(options.exporter), queue_, *collector_, *random_) {}

// Parent-based: whoever began the trace has decided for all of it.
std::optional<TraceContext> Tracing::recorded(const Event& event) const {
  if (!event.traceparent.empty()) {
    if (auto given = parse_traceparent(event.traceparent)) return given->sampled ? given : std::nullopt;
  }
  const TraceId own = own_trace(event.id);
  if (!sampler_.takes(own)) return std::nullopt;
  return TraceContext{.trace = own, .span = {}, .sampled = true};
}

TracingCounts Tracing::counts() const {
  const auto sent = exporter_.counts();
  return {.exported = sent.exported, .failed = sent.failed, .dropped = queue_.dropped()};
}

}  // namespace schedules::trace
