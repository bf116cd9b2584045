// Everything that is measured, as members made from metrics.def, and the /metrics page. Thread-safe.
//   metrics.events_fired.at({"stream"}).add(static_cast<double>(n));
//   metrics.lateness.observe(seconds);
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "telemetry/instruments.h"

namespace schedules {

inline constexpr std::array kLatenessBuckets{0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1,   0.25,
                                             0.5,    1.0,   2.5,   5.0,   10.0, 30.0,  60.0, 120.0, 300.0};
inline constexpr std::array kLatencyBuckets{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                            0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

inline constexpr size_t count_labels(std::string_view labels) {
  return labels.empty() ? 0 : 1 + static_cast<size_t>(std::ranges::count(labels, ','));
}

class Metrics {
 public:
  /// `version` is shown in build_info.
  explicit Metrics(std::string_view version);

#define COUNTER(member, name, help) Counter member;
#define GAUGE(member, name, help) Gauge member;
#define HISTOGRAM(member, name, buckets, help) Histogram member{buckets};
#define COUNTERS(member, name, labels, help) Family<Counter> member{count_labels(labels)};
#define GAUGES(member, name, labels, help) Family<Gauge> member{count_labels(labels)};
#define HISTOGRAMS(member, name, labels, buckets, help) Family<Histogram> member{count_labels(labels), buckets};
#include "telemetry/metrics.def"

  /// One HTTP request: counts it and its class of status ("2xx"), and its duration.
  void observe_request(std::string_view route, int status, std::chrono::duration<double> took);
  /// One store call; counts an error too where it failed.
  void observe_store(std::string_view store, std::string_view op, std::chrono::duration<double> took, bool ok);

  /// The page in Prometheus' text form, kMetricsContentType. Reads the process's own figures first.
  [[nodiscard]] std::string render();

 private:
  void read_process();
};

struct MetricInfo {
  enum class Kind : uint8_t { counter, gauge, histogram };
  std::string_view name;
  Kind kind = Kind::counter;
  std::string_view labels;  ///< separated by commas
  std::string_view help;
};
/// The table, for the reference page and tests.
std::span<const MetricInfo> metric_table();

}  // namespace schedules
