// The Kafka sink against a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/envelope.h"
#include "tests/conformance/kafka_publish.h"

namespace schedules {
namespace {

using std::chrono::milliseconds;
using testing::delivery_into;
using testing::eventually;
using testing::fresh_topic;
using testing::header_of;
using testing::kafka_options;
using testing::kafka_sink;
using testing::KafkaPlace;
using testing::publish;
using testing::publish_later;
using testing::publish_one;
using testing::reports_of;

TEST(KafkaSinkTest, TheRecordHasKeyHeadersMessageAndPosition) {
  const KafkaPlace place;
  const auto topic = place.topic("whole", 4);
  auto sink = kafka_sink();
  auto delivery = delivery_into(topic, 42);
  delivery.event.headers = {{"region", "eu"}};
  const auto report = publish_one(*sink, delivery);
  ASSERT_EQ(report.verdict, Verdict::delivered) << report.error;
  const auto records = place.read(topic);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(report.position, fmt::format("{}:{}", records[0].partition, records[0].offset));
  EXPECT_EQ(records[0].key, "order.42");
  EXPECT_EQ(records[0].value, fired_message(delivery.event, delivery.fired_at));
  EXPECT_EQ(header_of(records[0], "event_id"), delivery.event.id.text());
  EXPECT_EQ(header_of(records[0], "content-type"), "application/json");
  EXPECT_EQ(header_of(records[0], "region"), "eu");
}

TEST(KafkaSinkTest, AnEmptyBatchIsReported) {
  auto sink = kafka_sink();
  EXPECT_TRUE(publish(*sink, {}).empty());
}

TEST(KafkaSinkTest, AMissingTopicIsMadeAsTheSettingsSay) {
  const KafkaPlace place;
  const auto topic = fresh_topic("made");
  const auto main = fresh_topic("main");
  auto sink = kafka_sink({.topics = {.partitions = 3, .main_topic = main, .main_topic_partitions = 9}});
  EXPECT_EQ(publish_one(*sink, delivery_into(topic)).verdict, Verdict::delivered);
  EXPECT_EQ(publish_one(*sink, delivery_into(main)).verdict, Verdict::delivered);
  EXPECT_EQ(place.cluster().partitions_of(topic, milliseconds(10'000)).value(), 3);
  EXPECT_EQ(place.cluster().partitions_of(main, milliseconds(10'000)).value(), 9);
}

TEST(KafkaSinkTest, AMissingTopicIsRejectedWhereItIsNotToBeMade) {
  const KafkaPlace place;
  const auto there = place.topic("there");
  auto sink = kafka_sink({.topics = {.create = false}});
  const auto reports = publish(*sink, {delivery_into(fresh_topic("missing")), delivery_into(there)});
  EXPECT_EQ(reports[0].verdict, Verdict::rejected);
  EXPECT_FALSE(reports[0].counts_against_target);
  EXPECT_NE(reports[0].error.find("missing"), std::string::npos) << reports[0].error;
  EXPECT_EQ(reports[1].verdict, Verdict::delivered);
}

TEST(KafkaSinkTest, ATopicThatTheClusterRefusesIsRejected) {
  auto sink = kafka_sink({.topics = {.replication = 3}});  // of one broker
  const auto report = publish_one(*sink, delivery_into(fresh_topic("refused")));
  EXPECT_EQ(report.verdict, Verdict::rejected);
  EXPECT_NE(report.error.find("eplication"), std::string::npos) << report.error;
}

TEST(KafkaSinkTest, AnImpossibleTopicIsRejected) {
  const KafkaPlace place;
  const auto there = place.topic("there");
  auto sink = kafka_sink();
  const auto reports = publish(*sink, {delivery_into("no/topic"), delivery_into(there), delivery_into("a b")});
  EXPECT_EQ(reports[0].verdict, Verdict::rejected);
  EXPECT_EQ(reports[1].verdict, Verdict::delivered);
  EXPECT_EQ(reports[2].verdict, Verdict::rejected);
}

TEST(KafkaSinkTest, OnlyTheOversizedOneOfABatchIsRejected) {
  const KafkaPlace place;
  const auto topic = place.topic("small", 1, {{"max.message.bytes", "20000"}});
  auto sink = kafka_sink();
  std::vector<Delivery> deliveries;
  for (int i = 0; i < 60; ++i) {
    deliveries.push_back(delivery_into(topic, i, "k"));
    const size_t size = i == 30 ? 40'000 : 1'000;
    deliveries.back().event.body = fmt::format(R"({{"n":{},"text":"{}"}})", i, std::string(size, 'x'));
  }
  const auto reports = publish(*sink, std::move(deliveries));
  for (size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].verdict, i == 30 ? Verdict::rejected : Verdict::delivered) << i << ": " << reports[i].error;
    EXPECT_EQ(reports[i].counts_against_target, i != 30) << i;
  }
  const auto records = place.read(topic);
  ASSERT_EQ(records.size(), 59U);
  int last = -1;
  for (const auto& record : records) {
    const int number = std::stoi(record.value->substr(record.value->find(R"("n":)") + 4));
    EXPECT_GT(number, last);
    last = number;
  }
  EXPECT_EQ(publish_one(*sink, delivery_into(topic)).verdict, Verdict::delivered) << "and the sink goes on";
}

TEST(KafkaSinkTest, ATopicThatWasDeletedIsMadeAgainByTheRetry) {
  const KafkaPlace place;
  const auto topic = place.topic("deleted");
  auto sink = kafka_sink({.producer = {.message_timeout = milliseconds(4'000)}});
  ASSERT_EQ(publish_one(*sink, delivery_into(topic)).verdict, Verdict::delivered);
  place.delete_topic(topic);
  EXPECT_TRUE(eventually([&] {
    const auto report = publish_one(*sink, delivery_into(topic));
    EXPECT_NE(report.verdict, Verdict::rejected) << report.error;
    return report.verdict == Verdict::delivered;
  }));
}

TEST(KafkaSinkTest, AKeysEventsKeepTheirOrder) {
  const KafkaPlace place;
  const auto topic = place.topic("order", 6);
  auto sink = kafka_sink();
  std::vector<std::future<Reports>> waiting;
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<Delivery> deliveries;
    for (int i = 0; i < 100; ++i) {
      deliveries.push_back(delivery_into(topic, batch * 100 + i, fmt::format("key-{}", i % 7)));
    }
    waiting.push_back(publish_later(*sink, std::move(deliveries)));
  }
  for (auto& one : waiting) {
    for (const auto& report : reports_of(one)) EXPECT_EQ(report.verdict, Verdict::delivered) << report.error;
  }
  std::map<std::string, int> last;
  const auto records = place.read(topic);
  EXPECT_EQ(records.size(), 2'000U);
  for (const auto& record : records) {
    const int number = std::stoi(record.value->substr(record.value->find(R"("n":)") + 4));
    const auto [seen, first] = last.try_emplace(*record.key, number);
    if (!first) {
      EXPECT_GT(number, std::exchange(seen->second, number)) << *record.key;
    }
  }
}

TEST(KafkaSinkTest, AllEventsOfTheClusterShareOneLane) {
  auto sink = kafka_sink();
  EXPECT_EQ(sink->lane_of(delivery_into("a").event), sink->lane_of(delivery_into("b").event));
  EXPECT_GE(sink->batch_limit(), 100U);
}

TEST(KafkaSinkTest, TheClusterIsProbed) {
  auto sink = kafka_sink();
  const auto facts = sink->probe(milliseconds(10'000));
  ASSERT_TRUE(facts) << facts.error().detail;
  EXPECT_EQ(facts->brokers, kafka_options().brokers);
}

// The figure of the day; the bound is far below what an idle machine does.
TEST(KafkaSinkTest, ABurstIsPublishedFast) {
  constexpr int kEvents = 50'000;
  const KafkaPlace place;
  const auto topic = place.topic("burst", 3);
  auto sink = kafka_sink();
  ASSERT_EQ(publish_one(*sink, delivery_into(topic)).verdict, Verdict::delivered);
  std::vector<std::vector<Delivery>> batches(kEvents / 1'000);
  for (int i = 0; i < kEvents; ++i) {
    auto delivery = delivery_into(topic, i);
    delivery.event.body = fmt::format(R"({{"n":{},"text":"{}"}})", i, std::string(200, 'x'));
    batches[static_cast<size_t>(i) / 1'000].push_back(std::move(delivery));
  }
  std::vector<std::future<Reports>> waiting;
  const auto began = std::chrono::steady_clock::now();
  for (auto& batch : batches) waiting.push_back(publish_later(*sink, std::move(batch)));
  size_t delivered = 0;
  for (auto& one : waiting) {
    for (const auto& report : reports_of(one)) delivered += report.verdict == Verdict::delivered ? 1 : 0;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  EXPECT_EQ(delivered, static_cast<size_t>(kEvents));
  fmt::print("published {} events in {:.2f} s: {:.0f}/s\n", kEvents, seconds, kEvents / seconds);
  EXPECT_EQ(place.read(topic).size(), static_cast<size_t>(kEvents) + 1);
}

}  // namespace
}  // namespace schedules
