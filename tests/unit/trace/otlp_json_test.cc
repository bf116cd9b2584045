#include "trace/otlp_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "tests/unit/trace/samples.h"

namespace schedules::trace {
namespace {

using testing::kStart;
using testing::sample_step;

std::vector<Span> spans() {
  auto accept = sample_step(Step::accept);
  accept.span = {.bytes = {1, 2, 3, 4, 5, 6, 7, 8}};
  accept.parent = {};
  accept.source = "api_request";
  accept.outcome = "created";
  accept.schedule_id = "665f1c2ab3d4e5f60718293a";
  auto publish = sample_step(Step::publish);
  publish.span = {.bytes = {0, 0, 0, 0, 0, 0, 0, 9}};
  publish.parent = accept.span;
  publish.sink = "webhook";
  publish.attempt = 1;
  publish.outcome = "retry";
  publish.failed = true;
  publish.topic = "a \"quoted\" topic\n";
  publish.error = "HTTP 503 \xff";
  std::vector<Span> out;
  out.push_back(span_of(accept));
  out.push_back(span_of(publish));
  return out;
}

// Read as it was written down by hand from the OTLP specification; a reader of another maker holds it in
// test_traces.py.
TEST(OtlpJson, IsAsTheGoldenFile) {
  const auto made = otlp_json({.version = "1.2.3", .instance = "node-a"}, spans());
  std::ifstream file(GOLDEN_DIR "/export.json");
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(boost::json::parse(made), boost::json::parse(golden.str())) << made;
}

TEST(OtlpJson, TimesAreNanosecondsAsText) {
  const auto made = boost::json::parse(otlp_json({}, spans()));
  const auto& span = made.at_pointer("/resourceSpans/0/scopeSpans/0/spans/0").as_object();
  EXPECT_EQ(span.at("startTimeUnixNano").as_string(), "1767225600123456000");
  EXPECT_EQ(span.at("endTimeUnixNano").as_string(), "1767225600123706000");
}

TEST(OtlpJson, WithoutSpansItIsStillOne) {
  const auto made = boost::json::parse(otlp_json({}, {}));
  EXPECT_TRUE(made.at_pointer("/resourceSpans/0/scopeSpans/0/spans").as_array().empty());
}

}  // namespace
}  // namespace schedules::trace
