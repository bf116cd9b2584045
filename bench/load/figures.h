// What a run prints: one JSON line of figures. And what it used of the machine meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schedules::load {

class Line {
 public:
  explicit Line(std::string_view bench);
  Line& add(std::string_view name, int64_t value);
  Line& add(std::string_view name, uint64_t value) { return add(name, static_cast<int64_t>(value)); }
  Line& add(std::string_view name, double value, int decimals = 1);
  void print();

 private:
  std::string text_;
};

/// The value below which this share of them lies; sorts.
double percentile(std::vector<double>& values, double share);
/// Adds <name>p50, p99, p99.9 and max.
void add_percentiles(Line& line, const std::string& name, std::vector<double>& values);

/// Cores that the server, this program and everybody else kept busy between start and add().
class CpuMeter {
 public:
  explicit CpuMeter(int64_t server_pid) : pid_(server_pid), start_(read()) {}
  void stop() { end_ = read(); }
  void add_to(Line& line, uint64_t events) const;

 private:
  struct Reading {
    int64_t at_ns = 0;
    double machine = 0, server = 0, self = 0;  // seconds
  };
  [[nodiscard]] Reading read() const;
  int64_t pid_;
  Reading start_;
  Reading end_;
};

}  // namespace schedules::load
