#include "telemetry/metrics.h"

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

namespace schedules {
namespace {

using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& page) {
  std::vector<std::string> out;
  std::istringstream in(page);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

TEST(MetricsPage, HasEveryMetricOfTheTableAndNoOther) {
  Metrics metrics("1.2.3");
  std::map<std::string, std::string> types;
  for (const auto& line : lines_of(metrics.render())) {
    std::istringstream words(line);
    std::string hash, word, name, type;
    words >> hash >> word >> name >> type;
    if (hash == "#" && word == "TYPE") {
      EXPECT_TRUE(types.emplace(name, type).second) << name;
    }
  }
  ASSERT_EQ(types.size(), metric_table().size());
  constexpr std::array kKinds{"counter", "gauge", "histogram"};
  for (const auto& info : metric_table()) {
    EXPECT_EQ(types[std::string(info.name)], kKinds[static_cast<size_t>(info.kind)]) << info.name;
    EXPECT_THAT(metrics.render(), HasSubstr(fmt::format("# HELP {} {}", info.name, info.help)));
  }
}

// The rules of `promtool check metrics`; the original's names are kept although one of them breaks a rule.
TEST(MetricsTable, NamesFollowPrometheus) {
  const std::set<std::string_view> kept{};
  for (const auto& info : metric_table()) {
    const std::string name(info.name);
    EXPECT_TRUE(std::regex_match(name, std::regex("(schedules|stufio_schedules|process)_[a-z_]+"))) << name;
    EXPECT_FALSE(info.help.empty()) << name;
    if (!kept.contains(name)) {
      EXPECT_EQ(name.ends_with("_total"), info.kind == MetricInfo::Kind::counter) << name;
    }
    if (info.kind == MetricInfo::Kind::histogram) {
      EXPECT_TRUE(name.ends_with("_seconds")) << name;
    }
    for (const auto* suffix : {"_milliseconds", "_ms", "_minutes", "_kilobytes", "_count", "_sum", "_bucket",
                               "_counter", "_gauge", "_histogram"}) {
      EXPECT_FALSE(name.ends_with(suffix)) << name;
    }
  }
}

TEST(MetricsPage, EveryLineIsWellFormed) {
  Metrics metrics("1.2.3");
  metrics.events_fired.at({"str\"ea\\m\n"}).add(3);
  metrics.lateness.observe(0.003);
  metrics.observe_request("GET /api/v1/events", 207, std::chrono::milliseconds(3));
  metrics.observe_store("rocksdb", "put", std::chrono::microseconds(80), false);
  const std::regex line_form(R"re([a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? (\+Inf|NaN|-?[0-9][0-9.e+-]*))re");
  for (const auto& line : lines_of(metrics.render())) {
    if (!line.starts_with("# ")) {
      EXPECT_TRUE(std::regex_match(line, line_form)) << line;
    }
  }
}

TEST(MetricsPage, HistogramIsCumulativeAndEndsInTheCount) {
  Metrics metrics("1.2.3");
  metrics.lateness.observe(0.0004);
  metrics.lateness.observe_n(0.003, 2);
  metrics.lateness.observe(1000);
  const auto page = metrics.render();
  EXPECT_THAT(page, HasSubstr("schedules_event_lateness_seconds_bucket{le=\"0.0005\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("schedules_event_lateness_seconds_bucket{le=\"0.005\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("schedules_event_lateness_seconds_bucket{le=\"300\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("schedules_event_lateness_seconds_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(page, HasSubstr("schedules_event_lateness_seconds_count 4\n"));
}

TEST(MetricsPage, LabelsAreInTheOrderOfTheTable) {
  Metrics metrics("1.2.3");
  metrics.events_skipped.at({"stream", "expired"}).add(2);
  EXPECT_THAT(metrics.render(), HasSubstr("schedules_events_skipped_total{sink=\"stream\",reason=\"expired\"} 2\n"));
}

TEST(MetricsPage, RequestsAreCountedByClassOfStatus) {
  Metrics metrics("1.2.3");
  metrics.observe_request("GET /x", 200, std::chrono::milliseconds(1));
  metrics.observe_request("GET /x", 207, std::chrono::milliseconds(1));
  metrics.observe_request("GET /x", 503, std::chrono::milliseconds(1));
  metrics.observe_request("GET /x", 999, std::chrono::milliseconds(1));
  const auto page = metrics.render();
  EXPECT_THAT(page, HasSubstr("schedules_http_requests_total{route=\"GET /x\",status=\"2xx\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("schedules_http_requests_total{route=\"GET /x\",status=\"5xx\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("schedules_http_requests_total{route=\"GET /x\",status=\"other\"} 1\n"));
}

TEST(MetricsPage, ProcessFiguresAreReal) {
  Metrics metrics("1.2.3");
  static_cast<void>(metrics.render());
  EXPECT_GT(metrics.process_resident_memory.value(), 1'000'000);
  EXPECT_GT(metrics.process_open_fds.value(), 2);
  EXPECT_GT(metrics.process_start_time.value(), 1.6e9);
  EXPECT_THAT(metrics.render(), HasSubstr("version=\"1.2.3\""));
}

}  // namespace
}  // namespace schedules
