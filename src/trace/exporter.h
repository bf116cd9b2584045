// The exporter: takes steps from the queue in batches and sends them to the collector as spans, on a thread of its own.
// A batch that the collector cannot take now (429, 502, 503, 504, no answer) is sent again, later and later, a few
// times; meanwhile the queue fills and then drops. What is refused or given up is counted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/executor.h"
#include "base/random.h"
#include "trace/collector.h"
#include "trace/otlp_json.h"
#include "trace/step_queue.h"

namespace schedules::trace {

struct ExporterOptions {
  Resource resource;
  size_t batch = 512;                         ///< spans in one request, at most
  std::chrono::milliseconds interval{1'000};  ///< how long a span waits for others
  int tries = 6;                              ///< of one batch
  std::chrono::milliseconds first_wait{500};  ///< before the second try, at most; doubled by each further one
  std::chrono::milliseconds longest_wait{30'000};
};

struct ExportCounts {
  uint64_t exported = 0;
  uint64_t failed = 0;  ///< refused by the collector, or given up
};

class Exporter {
 public:
  /// Starts at once. All three must outlive it.
  Exporter(ExporterOptions options, StepQueue& queue, Collector& collector, Random& random);
  /// As stop(0).
  ~Exporter();

  /// Closes the queue and sends what is in it, within about `timeout`; a collector that does not take it then is not
  /// asked again. Blocking; may be repeated.
  void stop(std::chrono::milliseconds timeout);
  /// Thread-safe.
  [[nodiscard]] ExportCounts counts() const { return {.exported = exported_, .failed = failed_}; }

 private:
  void run();
  void send(std::vector<TraceStep> steps);
  std::chrono::milliseconds wait_after(int tries, const Receipt& receipt);
  void given_up(size_t spans, const Receipt& receipt);

  ExporterOptions options_;
  StepQueue& queue_;
  Collector& collector_;
  Random& random_;
  std::atomic<uint64_t> exported_{0};
  std::atomic<uint64_t> failed_{0};
  bool failing_ = false;  ///< of the thread, like the next
  bool gives_up_ = false;
  std::mutex mutex_;
  std::condition_variable done_;
  bool ended_ = false;                ///< guarded by mutex_
  std::unique_ptr<Executor> thread_;  ///< last, so that it ends first
};

}  // namespace schedules::trace
