#include "sink/stream/tee_sink.h"

#include <gtest/gtest.h>

#include "tests/unit/sink/delivery.h"

namespace schedules::testing {
namespace {

// Holds what it is given until it is told what to report.
class HeldSink final : public Sink {
 public:
  [[nodiscard]] std::string_view name() const override { return "held"; }
  [[nodiscard]] size_t batch_limit() const override { return 7; }
  [[nodiscard]] std::string lane_of(const Event& event) const override { return "lane of " + event.topic; }
  void publish(std::vector<Delivery> deliveries, Published done) override {
    for (const auto& one : deliveries) ids.push_back(one.event.id);
    waiting.push_back(std::move(done));
  }
  void report(size_t index, std::vector<Verdict> verdicts) {
    Reports reports;
    for (const auto verdict : verdicts) reports.push_back({.verdict = verdict, .position = "there"});
    waiting.at(index)(std::move(reports));
  }

  std::vector<EventId> ids;
  std::vector<Published> waiting;
};

class TeeSinkTest : public ::testing::Test {
 protected:
  void publish(size_t count) {
    std::vector<Delivery> deliveries;
    for (size_t i = 0; i < count; ++i) {
      deliveries.push_back(delivery_to(TargetKind::webhook));
      deliveries.back().event.id = EventId{{static_cast<uint8_t>(i + 1)}};
    }
    tee_.publish(std::move(deliveries), [this](Reports reports) { reports_ = std::move(reports); });
  }

  HeldSink first_;
  HeldSink stream_;
  TeeSink tee_{first_, stream_};
  Reports reports_;
};

TEST_F(TeeSinkTest, OnlyWhatWasDeliveredIsShown) {
  publish(3);
  EXPECT_TRUE(stream_.ids.empty());
  first_.report(0, {Verdict::delivered, Verdict::retry, Verdict::delivered});
  EXPECT_EQ(stream_.ids, (std::vector{EventId{{1}}, EventId{{3}}}));
  ASSERT_EQ(reports_.size(), 3U);
  EXPECT_EQ(reports_[0].position, "there");
  EXPECT_EQ(reports_[1].verdict, Verdict::retry);
}

TEST_F(TeeSinkTest, TheStreamCannotHoldAnEventBack) {
  publish(1);
  first_.report(0, {Verdict::delivered});
  ASSERT_EQ(reports_.size(), 1U);  // though the stream has not reported
  stream_.report(0, {Verdict::retry});
  EXPECT_EQ(reports_[0].verdict, Verdict::delivered);
}

TEST_F(TeeSinkTest, ABusyStreamMissesCopiesAndGetsLaterOnes) {
  publish(8'192);
  first_.report(0, std::vector(8'192, Verdict::delivered));
  publish(1);
  first_.report(1, {Verdict::delivered});
  EXPECT_EQ(stream_.ids.size(), 8'192U);
  stream_.report(0, std::vector(8'192, Verdict::delivered));
  publish(1);
  first_.report(2, {Verdict::delivered});
  EXPECT_EQ(stream_.ids.size(), 8'193U);
}

TEST_F(TeeSinkTest, ItIsTheOtherSinkToTheEngine) {
  EXPECT_EQ(tee_.name(), "held");
  EXPECT_EQ(tee_.batch_limit(), 7U);
  EXPECT_EQ(tee_.lane_of(delivery_to(TargetKind::webhook).event), "lane of orders.created");
}

}  // namespace
}  // namespace schedules::testing
