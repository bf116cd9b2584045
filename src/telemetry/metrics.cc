#include "telemetry/metrics.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

namespace schedules {
namespace {

using Kind = MetricInfo::Kind;

constexpr std::array kTable{
#define COUNTER(member, name_, help_) MetricInfo{name_, Kind::counter, "", help_},
#define GAUGE(member, name_, help_) MetricInfo{name_, Kind::gauge, "", help_},
#define HISTOGRAM(member, name_, buckets, help_) MetricInfo{name_, Kind::histogram, "", help_},
#define COUNTERS(member, name_, labels_, help_) MetricInfo{name_, Kind::counter, labels_, help_},
#define GAUGES(member, name_, labels_, help_) MetricInfo{name_, Kind::gauge, labels_, help_},
#define HISTOGRAMS(member, name_, labels_, buckets, help_) MetricInfo{name_, Kind::histogram, labels_, help_},
#include "telemetry/metrics.def"
};

prometheus::ClientMetric sample(const Counter& counter) {
  prometheus::ClientMetric out;
  out.counter.value = counter.value();
  return out;
}

prometheus::ClientMetric sample(const Gauge& gauge) {
  prometheus::ClientMetric out;
  out.gauge.value = gauge.value();
  return out;
}

prometheus::ClientMetric sample(const Histogram& histogram) {
  prometheus::ClientMetric out;
  const auto snapshot = histogram.snapshot();
  uint64_t seen = 0;
  for (size_t i = 0; i < snapshot.counts.size(); ++i) {
    seen += snapshot.counts[i];
    const bool last = i == histogram.bounds().size();
    const double bound = last ? std::numeric_limits<double>::infinity() : histogram.bounds()[i];
    out.histogram.bucket.push_back({.cumulative_count = seen, .upper_bound = bound});
  }
  out.histogram.sample_count = seen;
  out.histogram.sample_sum = snapshot.sum;
  return out;
}

template <class Instrument>
void collect(const Instrument& instrument, const MetricInfo&, std::vector<prometheus::ClientMetric>& out) {
  out.push_back(sample(instrument));
}

template <class Instrument>
void collect(const Family<Instrument>& family, const MetricInfo& info, std::vector<prometheus::ClientMetric>& out) {
  std::vector<std::string> names;
  std::istringstream labels{std::string(info.labels)};
  for (std::string name; std::getline(labels, name, ',');) names.push_back(name);
  family.each([&](const std::vector<std::string>& values, const Instrument& child) {
    auto metric = sample(child);
    for (size_t i = 0; i < names.size(); ++i) metric.label.push_back({names[i], values[i]});
    out.push_back(std::move(metric));
  });
}

prometheus::MetricType type_of(Kind kind) {
  if (kind == Kind::counter) return prometheus::MetricType::Counter;
  return kind == Kind::gauge ? prometheus::MetricType::Gauge : prometheus::MetricType::Histogram;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Start time since the Unix epoch: field 22 of /proc/self/stat counts clock ticks since boot.
double process_start() {
  std::string stat;
  std::getline(std::ifstream("/proc/self/stat"), stat);
  std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  double boot = 0;
  std::ifstream system("/proc/stat");
  for (std::string word; system >> word;) {
    if (word == "btime") {
      system >> boot;
      break;
    }
  }
  return boot + std::strtod(field.c_str(), nullptr) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

Metrics::Metrics(std::string_view version) {
  build_info.at({version, fmt::format("g++ {}", __VERSION__)}).set(1);
  process_start_time.set(process_start());
}

void Metrics::observe_request(std::string_view route, int status, std::chrono::duration<double> took) {
  constexpr std::array<std::string_view, 6> kClasses{"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
  const auto hundreds = static_cast<size_t>(status / 100);
  http_requests.at({route, kClasses[hundreds < kClasses.size() ? hundreds : 0]}).add();
  http_request_duration.at({route}).observe(took.count());
}

void Metrics::observe_store(std::string_view store, std::string_view op, std::chrono::duration<double> took, bool ok) {
  store_call_duration.at({store, op}).observe(took.count());
  if (!ok) store_errors.at({store, op}).add();
}

void Metrics::read_process() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    process_cpu.set_total(seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
  }
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  if (statm >> pages >> pages) process_resident_memory.set(pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
  std::error_code error;
  double descriptors = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++descriptors;
  }
  // The one that this count itself has open is not meant.
  process_open_fds.set(std::max(0.0, descriptors - 1));
}

std::string Metrics::render() {
  read_process();
  std::vector<prometheus::MetricFamily> families;
  families.reserve(kTable.size());
  const auto add = [&](const auto& instrument) {
    const auto& info = kTable[families.size()];
    prometheus::MetricFamily family{std::string(info.name), std::string(info.help), type_of(info.kind), {}};
    collect(instrument, info, family.metric);
    families.push_back(std::move(family));
  };
#define COUNTER(member, ...) add(member);
#define GAUGE(member, ...) add(member);
#define HISTOGRAM(member, ...) add(member);
#define COUNTERS(member, ...) add(member);
#define GAUGES(member, ...) add(member);
#define HISTOGRAMS(member, ...) add(member);
#include "telemetry/metrics.def"
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

std::span<const MetricInfo> metric_table() { return kTable; }

}  // namespace schedules
