// The delayed topic's ingest against a real broker: what it stores, what it refuses, when an offset counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "sink/kafka/kafka_sink.h"
#include "tests/conformance/kafka_delayed.h"

namespace schedules {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::header_of;

class KafkaIngestTest : public testing::KafkaDelayedTest {};

TEST_F(KafkaIngestTest, StoresEventsInOrderAndCommitsThem) {
  produce(0, 100);
  const auto running = ingest();
  ASSERT_TRUE(eventually([&] { return events_.stored_count() == 100; }));
  const auto stored = events_.stored();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(number_of(stored[static_cast<size_t>(i)]), i);
  EXPECT_EQ(stored[0].topic, "stufio.events");
  EXPECT_EQ(stored[0].key, "user.7");
  EXPECT_EQ(stored[0].source, "kafka_delayed");
  EXPECT_TRUE(eventually([&] { return place_.committed(group_, topic_) == 100; }));
  EXPECT_TRUE(eventually([&] { return running->status().counts.accepted == 100; }));
}

TEST_F(KafkaIngestTest, NoOffsetIsCommittedBeforeTheStoreHasAnswered) {
  events_.hold();
  produce(0, 10);
  auto running = ingest();
  ASSERT_TRUE(eventually([&] { return events_.held() == 1; }));
  running->stop(milliseconds(0));  // as one that dies while the store still thinks
  running.reset();
  EXPECT_EQ(place_.committed(group_, topic_), -1);
  testing::HeldEvents next;
  const auto heir = ingest(options(), next);
  EXPECT_TRUE(eventually([&] { return next.stored_count() == 10; }));
}

TEST_F(KafkaIngestTest, StoppingWaitsForTheStoreAndCommits) {
  events_.hold();
  produce(0, 10);
  auto running = ingest();
  ASSERT_TRUE(eventually([&] { return events_.held() == 1; }));
  std::thread answers([&] { events_.release(); });
  running->stop(seconds(30));
  answers.join();
  EXPECT_EQ(place_.committed(group_, topic_), static_cast<int64_t>(events_.stored_count()));
}

TEST_F(KafkaIngestTest, WhileTheStoreIsAwayRecordsWait) {
  events_.fail_with(Error{.code = Code::unavailable, .detail = "the store is away"});
  produce(0, 50);
  const auto running = ingest();
  ASSERT_TRUE(eventually([&] { return running->status().counts.retried >= 3; }));
  const auto status = running->status();
  ASSERT_TRUE(status.trouble);
  EXPECT_EQ(status.trouble->detail, "the store is away");
  EXPECT_EQ(status.paused, 1U);
  EXPECT_EQ(place_.committed(group_, topic_), -1);
  produce(50, 50);
  events_.fail_with(std::nullopt);
  ASSERT_TRUE(eventually([&] { return events_.stored_count() == 100; }));
  const auto stored = events_.stored();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(number_of(stored[static_cast<size_t>(i)]), i);
  EXPECT_TRUE(eventually([&] { return !running->status().trouble && running->status().paused == 0; }));
}

TEST_F(KafkaIngestTest, WhatCannotBeReadLandsInTheDeadLettersAsItCame) {
  struct Bad {
    std::string header;
    std::optional<std::string> value;  ///< of the header, or of the record where header is empty
    std::string reason;
  };
  const std::vector<Bad> all{{"delivery_time", "soon", "invalid_time"},
                             {"delivery_time", "1e30", "out_of_range"},
                             {"delivery_time", "-5", "out_of_range"},
                             {"original_topic", std::nullopt, "missing_field"},
                             {"original_topic", "no/topic", "invalid_argument"},
                             {"priority", "99", "out_of_range"},
                             {"entity_type", std::string(300, 'x'), "too_long"},
                             {"entity_type", "\xff\xfe", "invalid_utf8"},
                             {"", std::nullopt, "missing_field"},
                             {"", "\xff\xfe", "invalid_utf8"},
                             {"", std::string("{\0}", 3), "invalid_json"},
                             {"", "[1]", "wrong_type"},
                             {"", std::string(900'000, '['), "invalid_json"}};
  std::vector<kafka::OutgoingRecord> records;
  for (const auto& bad : all) {
    records.push_back(record(static_cast<int>(records.size())));
    auto poison = record(1'000);
    if (bad.header.empty()) {
      poison.value = bad.value;
    } else {
      std::erase_if(poison.headers, [&](const auto& header) { return header.first == bad.header; });
      if (bad.value) poison.headers.emplace_back(bad.header, *bad.value);
    }
    records.push_back(poison);
  }
  place_.produce(records);
  const auto running = ingest();
  ASSERT_TRUE(eventually([&] { return place_.committed(group_, topic_) == static_cast<int64_t>(records.size()); }));
  EXPECT_EQ(events_.stored_count(), all.size());
  const auto letters = place_.read(dead_topic());
  ASSERT_EQ(letters.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& poison = records[2 * i + 1];
    EXPECT_EQ(letters[i].key, poison.key);
    EXPECT_TRUE(letters[i].value == poison.value) << i;
    EXPECT_EQ(header_of(letters[i], "dead_letter_reason"), all[i].reason) << i;
    EXPECT_NE(header_of(letters[i], "dead_letter_detail"), "") << i;
    EXPECT_EQ(header_of(letters[i], "dead_letter_source"), fmt::format("{}/0/{}", topic_, 2 * i + 1));
    const kafka::RecordHeaders kept(letters[i].headers.begin(),
                                    letters[i].headers.begin() + static_cast<std::ptrdiff_t>(poison.headers.size()));
    EXPECT_EQ(kept, poison.headers) << i;
  }
}

TEST_F(KafkaIngestTest, ARecordOfTheLargestSizeFitsIntoItsLetter) {
  auto large = record(1);
  large.value = std::string(1'048'000, 'x');  // the broker takes 1,048,588 with all around it
  place_.produce({large, record(2)});
  const auto running = ingest();
  ASSERT_TRUE(eventually([&] { return events_.stored_count() == 1 && running->status().counts.dead == 1; }));
  const auto letters = place_.read(dead_topic());
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_TRUE(letters[0].value == large.value);
}

TEST_F(KafkaIngestTest, ALetterThatTheTopicDoesNotTakeNamesItsSource) {
  ASSERT_TRUE(place_.cluster().create({.name = dead_topic(), .settings = {{"max.message.bytes", "20000"}}},
                                      milliseconds(30'000)));
  auto large = record(1);
  large.value = std::string(500'000, 'x');
  place_.produce({large, record(2)});
  const auto running = ingest();
  ASSERT_TRUE(eventually([&] { return events_.stored_count() == 1 && running->status().counts.dead == 1; }));
  const auto letters = place_.read(dead_topic());
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].value, std::nullopt);
  EXPECT_EQ(header_of(letters[0], "dead_letter_source"), topic_ + "/0/0");
}

TEST_F(KafkaIngestTest, ReadsNoFurtherThanItsBounds) {
  events_.hold();
  auto bounded = options();
  bounded.max_records = 2'000;
  const auto running = ingest(bounded, events_);
  produce(0, 20'000);
  ASSERT_TRUE(eventually([&] { return running->status().paused == 1; }));
  ASSERT_TRUE(eventually([&] { return events_.held() == 1; }));
  EXPECT_LE(running->status().records, 2'000U + 1'000U);
  events_.release();
  ASSERT_TRUE(eventually([&] { return events_.stored_count() == 20'000; }));
  EXPECT_EQ(events_.repeats(), 0U);
  const auto stored = events_.stored();
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(number_of(stored[static_cast<size_t>(i)]), i);
  EXPECT_TRUE(eventually([&] { return running->status().paused == 0 && running->status().bytes == 0; }));
}

TEST_F(KafkaIngestTest, LargeRecordsAreBoundedByTheirBytes) {
  events_.hold();
  auto bounded = options();
  bounded.max_bytes = 4 * 1024 * 1024;
  const auto running = ingest(bounded, events_);
  for (int i = 0; i < 40; ++i) {
    auto large = record(i);
    large.value->insert(large.value->size() - 1, fmt::format(R"(,"pad":"{}")", std::string(500'000, 'x')));
    place_.produce({large});
  }
  ASSERT_TRUE(eventually([&] { return running->status().paused == 1; }));
  events_.release();
  EXPECT_TRUE(eventually([&] { return events_.stored_count() == 40; }));
}

TEST_F(KafkaIngestTest, AnEventGoesOutByteForByteAsItCameIn) {
  const auto target = place_.topic("original");
  auto given = record(1);
  given.value->insert(1, "  \n ");
  for (auto& [name, value] : given.headers) {
    if (name == "original_topic") value = target;
  }
  place_.produce({given});
  const auto running = ingest();
  ASSERT_TRUE(eventually([&] { return events_.stored_count() == 1; }));
  auto sink = KafkaSink::open({.cluster = testing::kafka_options()}, clock_).value();
  std::promise<Reports> done;
  Delivery delivery{.event = events_.stored().at(0), .fired_at = clock_.wall()};
  std::vector<Delivery> deliveries;
  deliveries.push_back(delivery);
  sink->publish(std::move(deliveries), [&](Reports reports) { done.set_value(std::move(reports)); });
  ASSERT_EQ(done.get_future().get().at(0).verdict, Verdict::delivered);
  const auto out = place_.read(target);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].value, given.value);
  EXPECT_EQ(out[0].key, given.key);
  for (const auto* kept : {"entity_type", "action", "x-custom"}) {
    const auto was = std::ranges::find(given.headers, kept, &kafka::RecordHeaders::value_type::first);
    EXPECT_EQ(header_of(out[0], kept), *was->second) << kept;
  }
  for (const auto* dropped : {"delivery_time", "original_topic", "delay_ms", "delivery_delay_ms"}) {
    EXPECT_EQ(header_of(out[0], dropped), "(absent)");
  }
  EXPECT_EQ(header_of(out[0], "event_id"), delivery.event.id.text());
  EXPECT_EQ(header_of(out[0], "attempt"), "1");
}

TEST_F(KafkaIngestTest, BothTopicsAreMadeWhereTheyAreMissing) {
  auto fresh = options();
  fresh.topic = testing::fresh_topic("not-there-yet");
  fresh.partitions = 2;
  const auto running = ingest(fresh, events_);
  EXPECT_TRUE(eventually([&] { return running->status().partitions == 2; }));
  EXPECT_TRUE(place_.cluster().partitions_of(fresh.topic + ".dlq", milliseconds(10'000)));
}

TEST_F(KafkaIngestTest, OptionsThatCannotBeAreRefused) {
  auto bad = options();
  bad.topic = "no/topic";
  EXPECT_EQ(DelayedIngest::open(bad, events_, clock_).error().field, "topic");
  bad = options();
  bad.group.clear();
  EXPECT_EQ(DelayedIngest::open(bad, events_, clock_).error().field, "group");
  bad = options();
  bad.cluster.brokers.clear();
  EXPECT_EQ(DelayedIngest::open(bad, events_, clock_).error().field, "brokers");
}

}  // namespace
}  // namespace schedules
