// The delayed topic in tests: records into it, an ingest that reads it, and what came of both.
#pragma once

#include <gtest/gtest.h>

#include "ingest/kafka/delayed_ingest.h"
#include "tests/conformance/kafka_place.h"
#include "tests/support/held_events.h"

namespace schedules::testing {

class KafkaDelayedTest : public ::testing::Test {
 protected:
  KafkaPlace place_;
  SystemClock clock_;
  HeldEvents events_;
  std::string topic_ = place_.topic("delayed");
  std::string group_ = topic_ + ".group";

  [[nodiscard]] DelayedIngestOptions options() const {
    return {.cluster = kafka_options(), .topic = topic_, .group = group_};
  }
  std::unique_ptr<DelayedIngest> ingest(DelayedIngestOptions options, HeldEvents& events) const {
    auto opened = DelayedIngest::open(std::move(options), events, clock_);
    if (!opened) throw std::runtime_error(opened.error().detail);
    return std::move(*opened);
  }
  std::unique_ptr<DelayedIngest> ingest() { return ingest(options(), events_); }
  [[nodiscard]] std::string dead_topic() const { return topic_ + ".dlq"; }

  [[nodiscard]] kafka::OutgoingRecord record(int number, const std::string& action = "greet") const {
    const auto due = to_micros(clock_.wall()) / 1'000 + 3'600'000;
    return {.topic = topic_,
            .key = "user.7",
            .value = fmt::format(R"({{"event_id":"{}","correlation_id":null,"timestamp":"2026-01-05T08:00:00Z",)"
                                 R"("entity":{{"type":"user","id":"7"}},"action":"{}",)"
                                 R"("actor":{{"type":"system","id":"x"}},"payload":{{"n":{}}}}})",
                                 derived_id(fmt::format("{} {}", topic_, number)).text(), action, number),
            .headers = {{"entity_type", "user"},
                        {"action", action},
                        {"delivery_time", std::to_string(due)},
                        {"original_topic", "stufio.events"},
                        {"delay_ms", "3600000"},
                        {"x-custom", "kept"}}};
  }
  void produce(int from, int count) const {
    std::vector<kafka::OutgoingRecord> records;
    for (int i = 0; i < count; ++i) records.push_back(record(from + i));
    place_.produce(std::move(records));
  }
  static int number_of(const Event& event) { return std::stoi(event.body.substr(event.body.find(R"("n":)") + 4)); }
};

}  // namespace schedules::testing
