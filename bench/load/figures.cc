#include "load/figures.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "load/clock.h"

namespace schedules::load {
namespace {

double ticks_to_seconds(int64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// user, nice, system, irq, softirq of all cores
double machine_seconds() {
  std::ifstream file("/proc/stat");
  std::string label;
  int64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0;
  file >> label >> user >> nice >> system >> idle >> wait >> irq >> soft;
  return ticks_to_seconds(user + nice + system + irq + soft);
}

double process_seconds(int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  if (name_end == text.npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  int64_t user = 0, system = 0;
  fields >> user >> system;
  return ticks_to_seconds(user + system);
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Line::Line(std::string_view bench) : text_(fmt::format(R"({{"bench":"{}")", bench)) {}

Line& Line::add(std::string_view name, int64_t value) {
  text_ += fmt::format(R"(,"{}":{})", name, value);
  return *this;
}

Line& Line::add(std::string_view name, double value, int decimals) {
  text_ += fmt::format(R"(,"{}":{:.{}f})", name, value, decimals);
  return *this;
}

void Line::print() {
  std::puts((text_ + "}").c_str());
  std::fflush(stdout);
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())))];
}

void add_percentiles(Line& line, const std::string& name, std::vector<double>& values) {
  line.add(name + "p50_ms", percentile(values, 0.5), 3);
  line.add(name + "p99_ms", percentile(values, 0.99), 3);
  line.add(name + "p999_ms", percentile(values, 0.999), 3);
  line.add(name + "max_ms", percentile(values, 1), 3);
}

CpuMeter::Reading CpuMeter::read() const {
  rusage self{};
  ::getrusage(RUSAGE_SELF, &self);
  return {.at_ns = steady_ns(),
          .machine = machine_seconds(),
          .server = pid_ > 0 ? process_seconds(pid_) : 0,
          .self = seconds_of(self.ru_utime) + seconds_of(self.ru_stime)};
}

void CpuMeter::add_to(Line& line, uint64_t events) const {
  const double wall = static_cast<double>(end_.at_ns - start_.at_ns) / 1e9;
  const double server = end_.server - start_.server;
  const double self = end_.self - start_.self;
  const double others = end_.machine - start_.machine - server - self;
  line.add("cores_server", server / wall, 2).add("cores_load", self / wall, 2);
  line.add("cores_others", std::max(0.0, others) / wall, 2);
  if (events > 0 && pid_ > 0) line.add("server_cpu_us_per_event", server * 1e6 / static_cast<double>(events), 2);
}

}  // namespace schedules::load
