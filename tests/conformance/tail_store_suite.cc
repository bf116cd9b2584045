// The stream's durable tail.
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

std::vector<TailMessage> messages(std::initializer_list<int> numbers, TimePoint at) {
  std::vector<TailMessage> made;
  for (const int n : numbers) {
    made.push_back(TailMessage{.at = at, .topic = "t", .message = std::to_string(n), .headers = "{}"});
  }
  return made;
}

uint64_t append(TailStore& tail, std::vector<TailMessage> made) {
  return await<uint64_t>([&](auto done) { tail.append_tail(std::move(made), std::move(done)); }).value();
}

void trim(TailStore& tail, TimePoint before, uint64_t keep) {
  ASSERT_TRUE(await<void>([&](auto done) { tail.trim_tail(before, keep, std::move(done)); }));
}

std::string texts(TailStore& tail, uint64_t from, size_t limit = 100) {
  std::string joined;
  const auto read = tail.read_tail(from, limit).value();
  for (const auto& message : read) {
    joined += fmt::format("{}:{} ", message.sequence, message.message);
  }
  return joined;
}

}  // namespace

TEST_P(TailStoreTest, EmptyAtFirst) {
  open();
  EXPECT_EQ(stores.tail->tail_range().first, 0U);
  EXPECT_EQ(stores.tail->tail_range().last, 0U);
  EXPECT_EQ(texts(*stores.tail, 0), "");
}

TEST_P(TailStoreTest, SequencesStartAtOneWithoutGaps) {
  open();
  EXPECT_EQ(append(*stores.tail, messages({10, 11}, now())), 1U);
  EXPECT_EQ(append(*stores.tail, messages({12}, now())), 3U);
  EXPECT_EQ(texts(*stores.tail, 0), "1:10 2:11 3:12 ");
  EXPECT_EQ(texts(*stores.tail, 2), "2:11 3:12 ");
  EXPECT_EQ(texts(*stores.tail, 2, 1), "2:11 ");
  EXPECT_EQ(texts(*stores.tail, 4), "");
  EXPECT_EQ(stores.tail->tail_range().first, 1U);
  EXPECT_EQ(stores.tail->tail_range().last, 3U);
}

TEST_P(TailStoreTest, EveryFieldComesBack) {
  open();
  const TailMessage message{.at = now() + 1us, .topic = "a.b", .message = R"({"é":1})", .headers = R"({"h":"1"})"};
  append(*stores.tail, {message});
  const auto read = stores.tail->read_tail(1, 1).value().front();
  EXPECT_EQ(std::tie(read.at, read.topic, read.message, read.headers),
            std::tie(message.at, message.topic, message.message, message.headers));
}

TEST_P(TailStoreTest, ReopenGoesOn) {
  open();
  append(*stores.tail, messages({1, 2}, now()));
  reopen();
  EXPECT_EQ(append(*stores.tail, messages({3}, now())), 3U);
  EXPECT_EQ(texts(*stores.tail, 1), "1:1 2:2 3:3 ");
}

TEST_P(TailStoreTest, TrimByCount) {
  open();
  append(*stores.tail, messages({1, 2, 3, 4, 5}, now()));
  trim(*stores.tail, TimePoint::min(), 2);
  EXPECT_EQ(texts(*stores.tail, 0), "4:4 5:5 ");
  EXPECT_EQ(stores.tail->tail_range().first, 4U);
  trim(*stores.tail, TimePoint::min(), 10);
  EXPECT_EQ(texts(*stores.tail, 0), "4:4 5:5 ");
}

TEST_P(TailStoreTest, TrimByAge) {
  open();
  for (int i = 0; i < 10; ++i) append(*stores.tail, messages({i}, now() + std::chrono::seconds(i)));
  trim(*stores.tail, now() + 7s, 100);
  EXPECT_EQ(texts(*stores.tail, 0), "8:7 9:8 10:9 ");
}

TEST_P(TailStoreTest, TrimOfAllKeepsTheNumbering) {
  open();
  append(*stores.tail, messages({1, 2}, now()));
  trim(*stores.tail, TimePoint::max(), 100);
  EXPECT_EQ(texts(*stores.tail, 0), "");
  EXPECT_EQ(stores.tail->tail_range().first, 0U);
  EXPECT_EQ(stores.tail->tail_range().last, 2U);
  reopen();
  EXPECT_EQ(append(*stores.tail, messages({3}, now())), 3U);
  EXPECT_EQ(texts(*stores.tail, 0), "3:3 ");
  EXPECT_EQ(stores.tail->tail_range().first, 3U);
}

TEST_P(TailStoreTest, TrimOfNothingIsDone) {
  open();
  trim(*stores.tail, TimePoint::max(), 0);
  EXPECT_EQ(append(*stores.tail, messages({1}, now())), 1U);
}

}  // namespace schedules::testing
