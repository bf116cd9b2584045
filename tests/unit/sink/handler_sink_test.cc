#include "sink/handler/handler_sink.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/unit/sink/delivery.h"

namespace schedules::testing {
namespace {

class HandlerSinkTest : public ::testing::Test {
 protected:
  InlineExecutor inline_;
  std::optional<HandlerSink> sink_{std::in_place, inline_};

  DeliveryReport publish(const std::string& topic = "orders.created") {
    auto delivery = delivery_to(TargetKind::handler);
    delivery.event.topic = topic;
    Reports out;
    sink_->publish({delivery}, [&](Reports reports) { out = std::move(reports); });
    return out.at(0);
  }
};

TEST_F(HandlerSinkTest, CallsTheTopicsHandler) {
  std::string seen;
  sink_->set("orders.created", [&](const Delivery& delivery) {
    seen = delivery.event.entity_id;
    return Status();
  });
  EXPECT_EQ(publish().verdict, Verdict::delivered);
  EXPECT_EQ(seen, "42");
}

TEST_F(HandlerSinkTest, NoHandlerIsTriedAgainLater) {
  const auto report = publish();
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_EQ(report.error, "no_handler");
  EXPECT_FALSE(report.counts_against_target);
}

TEST_F(HandlerSinkTest, StarHandlesTheRest) {
  std::string seen;
  sink_->set("*", [&](const Delivery&) { return seen = "star", Status(); });
  sink_->set("own", [&](const Delivery&) { return seen = "own", Status(); });
  publish("any");
  EXPECT_EQ(seen, "star");
  publish("own");
  EXPECT_EQ(seen, "own");
  sink_->remove("own");
  publish("own");
  EXPECT_EQ(seen, "star");
}

TEST_F(HandlerSinkTest, RetryableErrorIsARetry) {
  sink_->set("*", [](const Delivery&) -> Status {
    return fail(Error{.code = Code::unavailable, .detail = "later", .retry_after = std::chrono::seconds(3)});
  });
  const auto report = publish();
  EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_EQ(report.error, "later");
  EXPECT_EQ(report.retry_after, std::chrono::seconds(3));
}

TEST_F(HandlerSinkTest, OtherErrorIsRejected) {
  sink_->set("*", [](const Delivery&) -> Status { return fail(Code::invalid_argument, "not like this"); });
  const auto report = publish();
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_EQ(report.error, "not like this");
}

TEST_F(HandlerSinkTest, ExceptionIsARetry) {
  sink_->set("std", [](const Delivery&) -> Status { throw std::runtime_error("boom"); });
  sink_->set("other", [](const Delivery&) -> Status { throw 1; });
  EXPECT_EQ(publish("std").verdict, Verdict::retry);
  EXPECT_EQ(publish("std").error, "the handler threw: boom");
  EXPECT_EQ(publish("other").verdict, Verdict::retry);
}

TEST_F(HandlerSinkTest, LongErrorsAreCut) {
  sink_->set("*", [](const Delivery&) -> Status { return fail(Code::unavailable, "{}", std::string(10'000, 'x')); });
  EXPECT_EQ(publish().error.size(), kMaxErrorBytes);
}

TEST_F(HandlerSinkTest, QueuedCallsEndWithTheSink) {
  struct Queue final : Executor {
    std::vector<Task> tasks;
    void post(Task task) override { tasks.push_back(std::move(task)); }
  } queue;
  std::optional<HandlerSink> sink(std::in_place, queue);
  bool called = false;
  sink->set("*", [&](const Delivery&) { return called = true, Status(); });
  Reports out;
  sink->publish({delivery_to(TargetKind::handler)}, [&](Reports reports) { out = std::move(reports); });
  sink.reset();
  queue.tasks.at(0)();
  EXPECT_FALSE(called);
  EXPECT_EQ(out.at(0).verdict, Verdict::retry);
}

}  // namespace
}  // namespace schedules::testing
