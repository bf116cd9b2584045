// How a node is traced: by the settings, and what is told of it in the metrics.
#include "app/node_parts.h"

namespace schedules {

Status Node::Parts::open_tracing() {
  if (settings.otlp_endpoint.empty()) return {};
  trace::TracingOptions options{.collector = {.endpoint = settings.otlp_endpoint, .headers = settings.otlp_headers},
                                .exporter = {.resource = {.version = SCHEDULES_VERSION, .instance = settings.node_id}},
                                .ratio = settings.trace_sample};
  auto opened = trace::Tracing::open(std::move(options));
  if (!opened) return fail(opened.error());
  tracing = std::move(*opened);
  return {};
}

void Node::Parts::refresh_traces() {
  if (!tracing) return;
  const auto counts = tracing->counts();
  metrics.trace_spans.at({"exported"}).set_total(static_cast<double>(counts.exported));
  metrics.trace_spans.at({"failed"}).set_total(static_cast<double>(counts.failed));
  metrics.trace_spans.at({"dropped"}).set_total(static_cast<double>(counts.dropped));
}

}  // namespace schedules
