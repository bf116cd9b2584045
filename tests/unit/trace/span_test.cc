#include "trace/span.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/trace/samples.h"

namespace schedules::trace {
namespace {

using testing::sample_step;

std::string text_of(const Span& span, std::string_view key) {
  const auto found = std::ranges::find(span.attributes, key, &Attribute::key);
  if (found == span.attributes.end()) return "(absent)";
  if (const auto* number = std::get_if<int64_t>(&found->value)) return std::to_string(*number);
  return std::get<std::string>(found->value);
}

TEST(Span, NamesTheEventAndItsTopic) {
  for (const Step step : {Step::accept, Step::store, Step::transfer, Step::window, Step::begin, Step::settle}) {
    const auto made = sample_step(step);
    const auto span = span_of(made);
    EXPECT_EQ(span.name, to_string(step));
    EXPECT_EQ(span.trace, made.trace);
    EXPECT_EQ(span.id, made.span);
    EXPECT_EQ(span.parent, made.parent);
    EXPECT_EQ(span.start, made.start);
    EXPECT_EQ(span.end, made.end);
    EXPECT_EQ(text_of(span, "messaging.message.id"), made.event.text());
    EXPECT_EQ(text_of(span, "messaging.destination.name"), "user.notifications");
    EXPECT_EQ(text_of(span, "schedules.schedule_id"), "(absent)");
    EXPECT_FALSE(span.failed);
  }
}

TEST(Span, OfAnAcceptSaysWhereTheEventCameFrom) {
  auto step = sample_step(Step::accept);
  const std::vector<std::pair<std::string, SpanKind>> kinds{
      {"api_request", SpanKind::server}, {"kafka_delayed", SpanKind::consumer}, {"schedule", SpanKind::internal}};
  for (const auto& [source, kind] : kinds) {
    step.source = source;
    const auto span = span_of(step);
    EXPECT_EQ(span.kind, kind) << source;
    EXPECT_EQ(text_of(span, "schedules.source"), source);
    EXPECT_EQ(text_of(span, "schedules.due_time"), "2026-01-01T00:00:00.122456Z");
  }
}

TEST(Span, OnlyACallersSpanIsRemote) {
  EXPECT_TRUE(span_of(sample_step(Step::accept)).parent_is_remote);
  EXPECT_FALSE(span_of(sample_step(Step::store)).parent_is_remote);
  auto root = sample_step(Step::accept);
  root.parent = {};
  EXPECT_FALSE(span_of(root).parent_is_remote);
}

TEST(Span, OfAPublishFollowsTheConventionsForMessaging) {
  auto step = sample_step(Step::publish);
  step.sink = "kafka";
  step.attempt = 2;
  step.position = "3:41";
  const auto span = span_of(step);
  EXPECT_EQ(span.name, "publish user.notifications");
  EXPECT_EQ(span.kind, SpanKind::producer);
  EXPECT_EQ(text_of(span, "messaging.system"), "kafka");
  EXPECT_EQ(text_of(span, "messaging.operation.name"), "publish");
  EXPECT_EQ(text_of(span, "messaging.operation.type"), "send");
  EXPECT_EQ(text_of(span, "schedules.attempt"), "2");
  EXPECT_EQ(text_of(span, "schedules.lateness_us"), "1000");
  EXPECT_EQ(text_of(span, "schedules.position"), "3:41");
  step.sink = "webhook";
  EXPECT_EQ(span_of(step).kind, SpanKind::client);
  EXPECT_EQ(text_of(span_of(step), "messaging.system"), "schedules");
}

TEST(Span, OfAFailureSaysWhyInFewWords) {
  auto step = sample_step(Step::settle);
  step.failed = true;
  step.outcome = "dead";
  step.reason = "retries_exhausted";
  step.error = std::string(255, 'x') + "ü and more";
  const auto span = span_of(step);
  EXPECT_TRUE(span.failed);
  EXPECT_EQ(text_of(span, "error.type"), "retries_exhausted");
  EXPECT_EQ(span.message, std::string(255, 'x'));
  step.reason.clear();
  EXPECT_EQ(text_of(span_of(step), "error.type"), "dead");
}

}  // namespace
}  // namespace schedules::trace
