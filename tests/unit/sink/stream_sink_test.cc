#include "sink/stream/stream_sink.h"

#include "model/envelope.h"
#include "tests/unit/sink/delivery.h"
#include "tests/unit/sink/stream_reader.h"

namespace schedules::testing {
namespace {

class StreamSinkTest : public ::testing::Test {
 protected:
  MemoryTail tail_;
  InlineExecutor inline_;
  StreamHub hub_{tail_, inline_, inline_};
  StreamSink sink_{tail_, hub_, inline_, {.keep_for = std::chrono::hours(1), .keep_messages = 5}};

  Reports publish(size_t count) {
    std::vector<Delivery> deliveries;
    for (size_t i = 0; i < count; ++i) deliveries.push_back(delivery_to(TargetKind::stream));
    Reports out;
    sink_.publish(std::move(deliveries), [&](Reports reports) { out = std::move(reports); });
    return out;
  }
};

TEST_F(StreamSinkTest, PositionIsTheSequence) {
  EXPECT_EQ(publish(2).at(1).position, "2");
  const auto reports = publish(3);
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports[0].verdict, Verdict::delivered);
  EXPECT_EQ(reports[0].position, "3");
  EXPECT_EQ(reports[2].position, "5");
  EXPECT_TRUE(publish(0).empty());
}

TEST_F(StreamSinkTest, TailKeepsTopicMessageAndHeaders) {
  publish(1);
  const auto sent = delivery_to(TargetKind::stream);
  const auto kept = tail_.kept().at(0);
  EXPECT_EQ(kept.topic, "orders.created");
  EXPECT_EQ(kept.message, fired_message(sent.event, sent.fired_at));
  EXPECT_EQ(kept.at, sent.fired_at);
  EXPECT_NE(kept.headers.find(R"("event_id":")" + sent.event.id.text() + '"'), std::string::npos) << kept.headers;
  EXPECT_TRUE(kept.headers.starts_with('{') && kept.headers.ends_with('}'));
}

TEST_F(StreamSinkTest, ReadersGetTheMessageItself) {
  StreamReader reader(hub_, std::nullopt);
  publish(1);
  const auto sent = delivery_to(TargetKind::stream);
  const auto events = reader.take();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].event, "orders.created");
  EXPECT_EQ(events[0].data, fired_message(sent.event, sent.fired_at));
}

TEST_F(StreamSinkTest, FailedAppendIsARetry) {
  StreamReader reader(hub_, std::nullopt);
  tail_.fail_appends(Error{.code = Code::disk_full, .detail = "no space", .retry_after = std::chrono::seconds(2)});
  const auto reports = publish(2);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[1].verdict, Verdict::retry);
  EXPECT_EQ(reports[1].error, "no space");
  EXPECT_EQ(reports[1].retry_after, std::chrono::seconds(2));
  tail_.fail_appends(std::nullopt);
  EXPECT_TRUE(reader.take().empty());
  publish(1);
  EXPECT_EQ(reader.take_ids(), sequence(1, 1));
}

TEST_F(StreamSinkTest, NothingIsSeenBeforeItIsDurable) {
  StreamReader reader(hub_, std::nullopt);
  tail_.hold_answers();
  Reports seen;
  sink_.publish({delivery_to(TargetKind::stream)}, [&](Reports reports) { seen = std::move(reports); });
  EXPECT_TRUE(seen.empty());
  EXPECT_TRUE(reader.take().empty());
  tail_.answer_held(false);
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_EQ(reader.take_ids(), sequence(1, 1));
}

TEST_F(StreamSinkTest, EndWaitsForReports) {
  bool reported = false;
  {
    auto work = thread_executor("work");
    StreamSink sink(tail_, hub_, *work);
    for (int i = 0; i < 100; ++i) {
      sink.publish({delivery_to(TargetKind::stream)}, [&, i](const Reports&) { reported = i == 99; });
    }
  }
  EXPECT_TRUE(reported);
}

TEST_F(StreamSinkTest, AnswersOutOfOrderAreSeenInOrder) {
  StreamReader reader(hub_, std::nullopt);
  tail_.hold_answers();
  std::vector<std::string> positions;
  for (int i = 0; i < 3; ++i) {
    sink_.publish({delivery_to(TargetKind::stream)}, [&](Reports r) { positions.push_back(r.at(0).position); });
  }
  tail_.answer_held(true);
  EXPECT_EQ(positions, (std::vector<std::string>{"3", "2", "1"}));
  EXPECT_EQ(reader.take_ids(), sequence(1, 3));
}

TEST_F(StreamSinkTest, TrimKeepsByNumberAndAge) {
  publish(8);
  sink_.trim(test_time() + std::chrono::minutes(59), [](Result<void> done) { EXPECT_TRUE(done); });
  EXPECT_EQ(tail_.kept().size(), 5U);
  sink_.trim(test_time() + std::chrono::hours(2), [](Result<void> done) { EXPECT_TRUE(done); });
  EXPECT_TRUE(tail_.kept().empty());
}

}  // namespace
}  // namespace schedules::testing
