// Publishing through the Kafka sink in tests: deliveries, and reports that are waited for.
#pragma once

#include <atomic>
#include <future>
#include <map>

#include <gtest/gtest.h>

#include "sink/kafka/kafka_sink.h"
#include "tests/conformance/kafka_place.h"

namespace schedules::testing {

inline const Clock& test_clock() {
  static const SystemClock clock;
  return clock;
}

inline std::unique_ptr<KafkaSink> kafka_sink(KafkaSinkOptions options = {}) {
  if (options.cluster.brokers.empty()) options.cluster = kafka_options();
  auto sink = KafkaSink::open(std::move(options), test_clock());
  if (!sink) throw std::runtime_error(sink.error().detail);
  return std::move(*sink);
}

inline Delivery delivery_into(const std::string& topic, int number = 0, const std::string& key = "") {
  static std::atomic<int> next = 0;
  Delivery delivery;
  Event& event = delivery.event;
  event.id = derived_id(fmt::format("kafka sink test {}", ++next));
  event.topic = topic;
  event.key = key;
  event.entity_type = "order";
  event.entity_id = std::to_string(number);
  event.action = "ship";
  event.body = fmt::format(R"({{"n":{}}})", number);
  event.target.kind = TargetKind::kafka;
  event.due_at = test_clock().wall();
  event.fire_at = event.due_at;
  delivery.fired_at = event.due_at;
  return delivery;
}

inline std::future<Reports> publish_later(Sink& sink, std::vector<Delivery> deliveries) {
  auto done = std::make_shared<std::promise<Reports>>();
  auto reports = done->get_future();
  sink.publish(std::move(deliveries), [done](Reports all) { done->set_value(std::move(all)); });
  return reports;
}

inline Reports reports_of(std::future<Reports>& reports) {
  if (reports.wait_for(std::chrono::minutes(2)) != std::future_status::ready) throw std::runtime_error("no report");
  return reports.get();
}

inline Reports publish(Sink& sink, std::vector<Delivery> deliveries) {
  auto reports = publish_later(sink, std::move(deliveries));
  return reports_of(reports);
}

inline DeliveryReport publish_one(Sink& sink, Delivery delivery) {
  std::vector<Delivery> one;
  one.push_back(std::move(delivery));
  return publish(sink, std::move(one)).at(0);
}

/// How often each event lies in the topic, and whether each key's numbers never go back but by a repeat.
struct Content {
  std::map<std::string, int> times_by_id;
  bool ordered = true;
};

}  // namespace schedules::testing
