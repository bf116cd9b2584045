// The Kafka sink while its broker dies and comes back.
#include <gtest/gtest.h>

#include <set>

#include "tests/conformance/kafka_publish.h"

namespace schedules {
namespace {

using std::chrono::milliseconds;
using testing::delivery_into;
using testing::fresh_topic;
using testing::header_of;
using testing::kafka_sink;
using testing::KafkaPlace;
using testing::publish;
using testing::publish_later;
using testing::publish_one;
using testing::reports_of;
using testing::ServerControl;

class KafkaSinkOutageTest : public ::testing::Test {
 protected:
  KafkaPlace place_;
  ServerControl broker_{"SCHEDULES_TEST_KAFKA_CONTROL"};

  void TearDown() override { broker_.start(); }  // whatever a failed test left behind

  std::set<std::string> ids_in(const std::string& topic) const {
    std::set<std::string> ids;
    for (const auto& record : place_.read(topic)) ids.insert(header_of(record, "event_id"));
    return ids;
  }
};

TEST_F(KafkaSinkOutageTest, WithoutABrokerEventsAreRetriedAndCounted) {
  const auto topic = place_.topic("before");
  auto sink = kafka_sink({.producer = {.message_timeout = milliseconds(2'000)}, .topic_timeout = milliseconds(2'000)});
  ASSERT_EQ(publish_one(*sink, delivery_into(topic)).verdict, Verdict::delivered);
  broker_.kill();
  const auto known = publish_one(*sink, delivery_into(topic));
  EXPECT_EQ(known.verdict, Verdict::retry) << known.error;
  EXPECT_TRUE(known.counts_against_target);
  const auto unknown = publish_one(*sink, delivery_into(fresh_topic("unknown")));
  EXPECT_EQ(unknown.verdict, Verdict::retry) << unknown.error;
  EXPECT_TRUE(unknown.counts_against_target);
  EXPECT_FALSE(sink->probe(milliseconds(1'000)));
  broker_.start();
  EXPECT_TRUE(
      testing::eventually([&] { return publish_one(*sink, delivery_into(topic)).verdict == Verdict::delivered; }));
  EXPECT_TRUE(sink->probe(milliseconds(30'000)));
}

TEST_F(KafkaSinkOutageTest, WithManyUnknownTopicsTheClusterIsAskedOnce) {
  auto sink = kafka_sink({.topic_timeout = milliseconds(1'000)});
  broker_.kill();
  std::vector<Delivery> deliveries;
  for (int i = 0; i < 200; ++i) deliveries.push_back(delivery_into(fresh_topic("many")));
  const auto began = std::chrono::steady_clock::now();
  for (const auto& report : publish(*sink, std::move(deliveries))) EXPECT_EQ(report.verdict, Verdict::retry);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));  // 200 s, asked one by one
}

TEST_F(KafkaSinkOutageTest, ABrokerThatDiesInTheMiddleLosesAndDoublesNothing) {
  const auto topic = place_.topic("during", 3);
  auto sink = kafka_sink({.producer = {.message_timeout = milliseconds(90'000)}});
  std::vector<std::future<Reports>> waiting;
  std::vector<std::string> ids;
  const auto send = [&](int batches) {
    for (int batch = 0; batch < batches; ++batch) {
      std::vector<Delivery> deliveries;
      for (int i = 0; i < 500; ++i) {
        deliveries.push_back(delivery_into(topic, static_cast<int>(ids.size()), fmt::format("key-{}", i % 5)));
        ids.push_back(deliveries.back().event.id.text());
      }
      waiting.push_back(publish_later(*sink, std::move(deliveries)));
    }
  };
  send(20);
  EXPECT_EQ(reports_of(waiting[0]).at(0).verdict, Verdict::delivered);
  waiting.erase(waiting.begin());
  broker_.kill();  // with nineteen of them somewhere on their way
  send(20);
  broker_.start();
  send(5);
  for (auto& one : waiting) {
    for (const auto& report : reports_of(one)) ASSERT_EQ(report.verdict, Verdict::delivered) << report.error;
  }
  const auto records = place_.read(topic);
  EXPECT_EQ(records.size(), ids.size()) << "a producer that numbers its records doubles none";
  std::map<std::string, int> last;
  std::set<std::string> found;
  for (const auto& record : records) {
    found.insert(header_of(record, "event_id"));
    const int number = std::stoi(record.value->substr(record.value->find(R"("n":)") + 4));
    const auto [seen, first] = last.try_emplace(*record.key, number);
    if (!first) {
      EXPECT_GT(number, std::exchange(seen->second, number)) << *record.key;
    }
  }
  EXPECT_TRUE(found == std::set<std::string>(ids.begin(), ids.end()));
}

TEST_F(KafkaSinkOutageTest, WhatWasReportedDeliveredOutlivesTheBroker) {
  const auto topic = place_.topic("after");
  auto sink = kafka_sink();
  std::vector<Delivery> deliveries;
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) {
    deliveries.push_back(delivery_into(topic, i));
    ids.insert(deliveries.back().event.id.text());
  }
  for (const auto& report : publish(*sink, std::move(deliveries))) ASSERT_EQ(report.verdict, Verdict::delivered);
  broker_.kill();
  broker_.start();
  EXPECT_TRUE(ids_in(topic) == ids);
  EXPECT_TRUE(
      testing::eventually([&] { return publish_one(*sink, delivery_into(topic)).verdict == Verdict::delivered; }));
}

TEST_F(KafkaSinkOutageTest, ABrokerThatHangsIsWaitedForOnlySoLong) {
  const auto topic = place_.topic("hangs");
  auto sink = kafka_sink({.producer = {.message_timeout = milliseconds(3'000)}});
  ASSERT_EQ(publish_one(*sink, delivery_into(topic)).verdict, Verdict::delivered);
  broker_.pause();
  const auto report = publish_one(*sink, delivery_into(topic));
  broker_.resume();
  EXPECT_EQ(report.verdict, Verdict::retry) << report.error;
  EXPECT_TRUE(
      testing::eventually([&] { return publish_one(*sink, delivery_into(topic)).verdict == Verdict::delivered; }));
}

TEST_F(KafkaSinkOutageTest, StoppingReportsWhatIsUnderWay) {
  const auto topic = place_.topic("stop");
  auto sink = kafka_sink({.producer = {.message_timeout = milliseconds(300'000)}});
  ASSERT_EQ(publish_one(*sink, delivery_into(topic)).verdict, Verdict::delivered);
  broker_.kill();
  std::vector<std::future<Reports>> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(publish_later(*sink, {delivery_into(topic), delivery_into(topic)}));
  sink->stop(milliseconds(100));
  for (auto& one : waiting) {
    ASSERT_EQ(one.wait_for(milliseconds(0)), std::future_status::ready) << "stop() waits for the reports";
    for (const auto& report : one.get()) {
      EXPECT_EQ(report.verdict, Verdict::retry);
      EXPECT_FALSE(report.counts_against_target) << report.error;
    }
  }
  const auto refused = publish_one(*sink, delivery_into(topic));
  EXPECT_EQ(refused.verdict, Verdict::retry);
  sink.reset();
}

TEST_F(KafkaSinkOutageTest, AProducerThatBrokeIsReplaced) {
  const auto topic = place_.topic("broken");
  auto producer = kafka::Producer::open(testing::kafka_options(), {}).value();
  const auto send = [&] {
    std::promise<kafka::Produced> done;
    producer->produce({{.topic = topic, .value = "x"}}, [&](kafka::Produced all) { done.set_value(std::move(all)); });
    return done.get_future().get().at(0);
  };
  ASSERT_TRUE(send());
  for (int i = 0; i < 3; ++i) {
    producer->break_instance();
    const auto broken = send();
    if (!broken) {
      EXPECT_EQ(broken.error().code, Code::unavailable) << broken.error().detail;
    }
    EXPECT_TRUE(send());
  }
}

}  // namespace
}  // namespace schedules
