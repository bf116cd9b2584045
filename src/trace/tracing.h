// Distributed traces of a node: decides which events' traces are recorded, and has their steps exported. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "trace/exporter.h"
#include "trace/http_collector.h"
#include "trace/sampler.h"
#include "trace/step_queue.h"

namespace schedules::trace {

struct TracingOptions {
  HttpCollectorOptions collector;
  ExporterOptions exporter;
  double ratio = 0;  ///< share of the traces that begin here; of one that came with the event its caller decides
  size_t queue_limit = 16'384;  ///< steps that wait to be exported; about 350 bytes each
};

struct TracingCounts {
  uint64_t exported = 0;
  uint64_t failed = 0;   ///< refused by the collector, or given up
  uint64_t dropped = 0;  ///< as too many waited
};

class Tracing final : public Tracer {
 public:
  /// Errors: internal.
  static Result<std::unique_ptr<Tracing>> open(TracingOptions options);
  /// For tests, with a collector of theirs.
  Tracing(TracingOptions options, std::unique_ptr<Collector> collector);

  [[nodiscard]] std::optional<TraceContext> recorded(const Event& event) const override;
  bool admit(size_t steps) override { return queue_.admit(steps); }
  void record(std::vector<TraceStep> steps) override { queue_.put(std::move(steps)); }

  void set_ratio(double ratio) { sampler_.set(ratio); }
  [[nodiscard]] TracingCounts counts() const;
  /// See Exporter::stop.
  void stop(std::chrono::milliseconds timeout) { exporter_.stop(timeout); }

 private:
  Sampler sampler_;
  StepQueue queue_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<Collector> collector_;
  Exporter exporter_;
};

}  // namespace schedules::trace
