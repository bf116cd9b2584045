// The consumer as it leaves its group with records in hand that nobody has asked for yet.
#include <gtest/gtest.h>

#include "kafka/consumer.h"
#include "tests/conformance/kafka_place.h"

namespace schedules {
namespace {

using kafka::Consumer;
using kafka::ConsumerOptions;
using kafka::IncomingRecord;
using kafka::TopicPartitions;
using std::chrono::seconds;

constexpr int kRecords = 2'000;

struct Owned final : Consumer::Listener {
  TopicPartitions partitions;

  void gained(const TopicPartitions& ours) override { partitions.insert(partitions.end(), ours.begin(), ours.end()); }
  void lost(const TopicPartitions& others) override {
    for (const auto& one : others) std::erase(partitions, one);
  }
};

class KafkaConsumerTest : public ::testing::Test {
 protected:
  testing::KafkaPlace place_;
  SystemClock clock_;
  std::string topic_ = place_.topic("consumed");
  std::string group_ = topic_ + ".group";

  void SetUp() override {
    std::vector<kafka::OutgoingRecord> records;
    for (int i = 0; i < kRecords; ++i) records.push_back({.topic = topic_, .value = std::to_string(i)});
    place_.produce(std::move(records));
  }
  std::unique_ptr<Consumer> join(Owned& listener) {
    auto opened = Consumer::open(testing::kafka_options(), {.group = group_, .topics = {topic_}}, listener, clock_);
    if (!opened) throw std::runtime_error(opened.error().detail);
    if (auto joined = (*opened)->subscribe(); !joined) throw std::runtime_error(joined.error().detail);
    return std::move(*opened);
  }
  static std::optional<IncomingRecord> first_of(Consumer& consumer) {
    std::vector<IncomingRecord> records;
    testing::eventually([&] { return !(records = consumer.poll(1, seconds(1))).empty(); });
    return records.empty() ? std::nullopt : std::optional(std::move(records.front()));
  }
};

TEST_F(KafkaConsumerTest, LeavesItsGroupWithRecordsThatWereFetchedButNotTaken) {
  Owned owned;
  const auto consumer = join(owned);
  const auto record = first_of(*consumer);  // the library holds the ones behind it by now
  ASSERT_TRUE(record);
  ASSERT_EQ(owned.partitions.size(), 1U);
  consumer->processed(owned.partitions.front(), record->offset);
  consumer->close(seconds(30));
  EXPECT_TRUE(owned.partitions.empty()) << "it left without being told";
  EXPECT_EQ(place_.committed(group_, topic_), record->offset + 1);

  Owned next_owned;
  const auto next = join(next_owned);
  const auto again = first_of(*next);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->offset, record->offset + 1) << "what was not taken is the next member's";
}

TEST_F(KafkaConsumerTest, WithoutTimeToLeaveItEndsAllTheSame) {
  Owned owned;
  {
    const auto consumer = join(owned);
    ASSERT_TRUE(first_of(*consumer));
  }
  EXPECT_EQ(place_.committed(group_, topic_), -1) << "nothing was processed";
}

}  // namespace
}  // namespace schedules
