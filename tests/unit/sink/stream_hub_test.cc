#include "sink/stream/stream_hub.h"

#include "tests/unit/sink/stream_reader.h"

namespace schedules::testing {
namespace {

class StreamHubTest : public ::testing::Test {
 protected:
  MemoryTail tail_;
  InlineExecutor inline_;
  std::optional<StreamHub> hub_;
  std::optional<StreamFeed> feed_;

  void open(StreamOptions options = {}) {
    feed_.reset();
    hub_.emplace(tail_, inline_, inline_, options);
    feed_.emplace(tail_, *hub_);
  }
  void SetUp() override { open(); }
};

TEST_F(StreamHubTest, LiveReaderGetsWhatFiresFromNowOn) {
  feed_->fire(3);
  StreamReader reader(*hub_, std::nullopt);
  EXPECT_TRUE(reader.take().empty());
  feed_->fire(2, "orders", R"({"n":1})");
  const auto events = reader.take();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].id, 4U);
  EXPECT_EQ(events[0].event, "orders");
  EXPECT_EQ(events[0].data, R"({"n":1})");
  EXPECT_EQ(events[1].id, 5U);
  EXPECT_EQ(tail_.reads(), 0U);
}

TEST_F(StreamHubTest, ReaderResumesAfterItsLastMessage) {
  feed_->fire(100);
  StreamReader reader(*hub_, 40);
  EXPECT_EQ(reader.take_ids(), sequence(41, 100));
  feed_->fire(5);
  EXPECT_EQ(reader.take_ids(), sequence(101, 105));
}

TEST_F(StreamHubTest, AfterZeroGivesAllThatIsKept) {
  feed_->fire(3000);
  StreamReader reader(*hub_, 0);
  EXPECT_EQ(reader.take_ids(), sequence(1, 3000));
}

TEST_F(StreamHubTest, HubFindsWhatWasFiredBeforeItsStart) {
  feed_->fire(10);
  open();
  StreamReader fresh(*hub_, std::nullopt);
  StreamReader resumed(*hub_, 8);
  feed_->fire(1);
  EXPECT_EQ(fresh.take_ids(), sequence(11, 11));
  EXPECT_EQ(resumed.take_ids(), sequence(9, 11));
}

TEST_F(StreamHubTest, OnReadyIsCalledOncePerWait) {
  StreamReader reader(*hub_, std::nullopt);
  feed_->fire(1);
  EXPECT_EQ(reader.ready_calls(), 0U);
  EXPECT_EQ(reader.take_ids(), sequence(1, 1));
  feed_->fire(1);
  feed_->fire(1);
  EXPECT_EQ(reader.ready_calls(), 1U);
  EXPECT_EQ(reader.take_ids(), sequence(2, 3));
}

TEST_F(StreamHubTest, FilterChoosesTopics) {
  StreamReader exact(*hub_, std::nullopt, {"orders", "users"});
  StreamReader prefix(*hub_, std::nullopt, {"orders*"});
  StreamReader late(*hub_, 0, {"or*"});
  for (const auto* topic : {"orders", "orders.eu", "users", "other", ""}) feed_->fire(1, topic);
  EXPECT_EQ(exact.take_ids(), (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(prefix.take_ids(), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(late.take_ids(), (std::vector<uint64_t>{1, 2}));
  StreamReader resumed(*hub_, 1, {"users", "orders.*"});
  EXPECT_EQ(resumed.take_ids(), (std::vector<uint64_t>{2, 3}));
}

TEST_F(StreamHubTest, ReadersWithTheSameFilterShareChunks) {
  StreamReader one(*hub_, std::nullopt, {"b", "a"});
  StreamReader other(*hub_, std::nullopt, {"a", "b", "a"});
  feed_->fire(1, "a");
  EXPECT_EQ(one.subscription().next().value(), other.subscription().next().value());
}

TEST_F(StreamHubTest, TrimmedMessagesAreAGap) {
  feed_->fire(100);
  tail_.trim_tail({}, 10, [](Result<void>) {});
  StreamReader reader(*hub_, 40);
  const auto events = reader.take();
  ASSERT_EQ(events.size(), 11U);
  EXPECT_EQ(events[0].event, "gap");
  EXPECT_EQ(events[0].data, R"({"asked":41,"next":91})");
  EXPECT_EQ(events[0].id, 0U);
  EXPECT_EQ(events[1].id, 91U);
}

TEST_F(StreamHubTest, WhollyTrimmedTailIsAGapToo) {
  feed_->fire(100);
  tail_.trim_tail({}, 0, [](Result<void>) {});
  StreamReader reader(*hub_, 40);
  EXPECT_EQ(reader.take().at(0).data, R"({"asked":41,"next":101})");
  feed_->fire(1);
  EXPECT_EQ(reader.take_ids(), sequence(101, 101));
}

TEST_F(StreamHubTest, SequenceFromALostTailGetsAllThatIsKept) {
  feed_->fire(5);
  StreamReader reader(*hub_, 4711);
  const auto events = reader.take();
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0].data, R"({"asked":4712,"next":1})");
  EXPECT_EQ(events[5].id, 5U);
}

TEST_F(StreamHubTest, LastEventIdAtTheEdgeIsLive) {
  feed_->fire(5);
  StreamReader reader(*hub_, 5);
  feed_->fire(1);
  EXPECT_EQ(reader.take_ids(), sequence(6, 6));
  EXPECT_EQ(tail_.reads(), 0U);
}

TEST_F(StreamHubTest, EmptyTailIsNoGap) {
  StreamReader reader(*hub_, 0);
  EXPECT_TRUE(reader.take().empty());
  feed_->fire(2);
  EXPECT_EQ(reader.take_ids(), sequence(1, 2));
}

TEST_F(StreamHubTest, SlowReaderGoesOnFromTheTail) {
  open({.queue_bytes = 4096, .queue_messages = 50, .chunk_bytes = 256});
  StreamReader slow(*hub_, std::nullopt);
  StreamReader quick(*hub_, std::nullopt);
  std::vector<uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    feed_->fire(10);
    for (const auto id : quick.take_ids()) seen.push_back(id);
  }
  EXPECT_EQ(seen, sequence(1, 1000));
  EXPECT_EQ(slow.take_ids(), sequence(1, 1000));
  EXPECT_GT(tail_.reads(), 0U);
  feed_->fire(1);
  EXPECT_EQ(slow.take_ids(), sequence(1001, 1001));
}

TEST_F(StreamHubTest, SlowReadersQueueIsBounded) {
  open({.queue_bytes = 4096, .queue_messages = 1'000'000, .chunk_bytes = 256});
  StreamReader reader(*hub_, std::nullopt);
  tail_.hide(1, 10'000);  // so that only what was queued live can be taken
  for (int i = 0; i < 100; ++i) feed_->fire(10, "t", std::string(100, 'x'));
  const auto queued = reader.take_ids();
  const size_t each = std::string("id: 1\nevent: t\ndata: \n\n").size() + 100;
  EXPECT_LE(queued.size() * each, 4096U + 2 * 256U);
  EXPECT_GE(queued.size() * each, 4096U);
  tail_.hide(0, 0);
  feed_->fire(1);
  EXPECT_EQ(reader.take_ids(), sequence(queued.size() + 1, 1001));
}

TEST_F(StreamHubTest, SlowReaderOfATrimmedTailGetsAGap) {
  open({.queue_messages = 10});
  StreamReader reader(*hub_, std::nullopt);
  for (int i = 0; i < 10; ++i) feed_->fire(10);
  tail_.trim_tail({}, 30, [](Result<void>) {});
  const auto events = reader.take();
  ASSERT_EQ(events.size(), 10 + 1 + 30U);
  EXPECT_EQ(events[10].data, R"({"asked":11,"next":71})");
  EXPECT_EQ(events.back().id, 100U);
}

TEST_F(StreamHubTest, BatchesOutOfOrderAreReadInOrder) {
  StreamReader reader(*hub_, std::nullopt);
  feed_->store(30);
  feed_->announce(21, 10);
  feed_->announce(1, 10);
  feed_->announce(11, 10);
  feed_->fire(5);
  EXPECT_EQ(reader.take_ids(), sequence(1, 35));
}

TEST_F(StreamHubTest, NotYetVisibleMessagesAreWaitedFor) {
  StreamReader reader(*hub_, std::nullopt);
  feed_->store(20);
  tail_.hide(1, 10);
  feed_->announce(11, 10);
  EXPECT_TRUE(reader.take().empty());
  tail_.hide(0, 0);
  feed_->announce(1, 10);
  EXPECT_EQ(reader.take_ids(), sequence(1, 20));
}

TEST_F(StreamHubTest, BatchesWithoutTextsComeFromTheTail) {
  StreamReader reader(*hub_, std::nullopt);
  feed_->store(10);
  hub_->publish(1, 10, {});
  EXPECT_EQ(reader.take_ids(), sequence(1, 10));
}

TEST_F(StreamHubTest, UnreadableTailEndsTheReader) {
  feed_->fire(10);
  tail_.fail_reads(Error{.code = Code::io_error, .detail = "bad disk"});
  StreamReader reader(*hub_, 0);
  EXPECT_TRUE(reader.take().empty());
  ASSERT_TRUE(reader.error());
  EXPECT_EQ(reader.error()->code, Code::io_error);
}

TEST_F(StreamHubTest, TooManyReadersAreRefused) {
  open({.max_readers = 1});
  std::optional<StreamReader> first;
  first.emplace(*hub_, std::nullopt);
  const auto refused = hub_->subscribe({}, [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::overloaded);
  first.reset();
  EXPECT_EQ(hub_->readers(), 0U);
  EXPECT_TRUE(hub_->subscribe({}, [] {}));
}

TEST_F(StreamHubTest, CloseEndsReadersAfterWhatIsQueued) {
  StreamReader reader(*hub_, std::nullopt);
  feed_->fire(3);
  hub_->close();
  EXPECT_EQ(reader.take_ids(), sequence(1, 3));
  EXPECT_EQ(reader.error()->code, Code::shutting_down);
  EXPECT_FALSE(hub_->subscribe({}, [] {}));
}

TEST_F(StreamHubTest, CloseWakesAWaitingReader) {
  StreamReader reader(*hub_, std::nullopt);
  EXPECT_TRUE(reader.take().empty());
  hub_.reset();
  reader.wait_ready();
  EXPECT_TRUE(reader.take().empty());
  EXPECT_EQ(reader.error()->code, Code::shutting_down);
}

TEST(Sse, LineBreaksCannotForgeFields) {
  std::string out;
  append_sse(out, 7, "a\nid: 9", "{\"a\":\r\n1}");
  EXPECT_EQ(out, "id: 7\nevent: a_id: 9\ndata: {\"a\":  1}\n\n");
}

TEST(Sse, EmptyTopicHasNoEventField) {
  std::string out;
  append_sse(out, 1, "", "{}");
  EXPECT_EQ(out, "id: 1\ndata: {}\n\n");
}

TEST(TopicFilter, RefusesWhatItCannotKeep) {
  const auto code_of = [](std::vector<std::string> patterns) {
    const auto filter = TopicFilter::parse(patterns);
    EXPECT_FALSE(filter);
    return filter.error().code;
  };
  EXPECT_EQ(code_of({"a*b"}), Code::invalid_argument);
  EXPECT_EQ(code_of({"**"}), Code::invalid_argument);
  EXPECT_EQ(code_of({std::string(250, 'x')}), Code::too_long);
  EXPECT_EQ(code_of(std::vector<std::string>(65, "x")), Code::out_of_range);
}

}  // namespace
}  // namespace schedules::testing
