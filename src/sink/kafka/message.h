// A fired event as a record: topic, key, headers and message of the contract. Pure.
#pragma once

#include "kafka/record.h"
#include "model/envelope.h"
#include "sink/sink.h"

namespace schedules {

inline kafka::OutgoingRecord record_of(const Delivery& delivery) {
  const auto& [event, fired_at, correlation] = delivery;
  kafka::OutgoingRecord record{.topic = event.topic, .value = fired_message(event, fired_at, correlation)};
  if (auto key = partition_key(event); !key.empty()) record.key = std::move(key);
  auto headers = fired_headers(event, fired_at);
  record.headers.reserve(headers.size());
  for (auto& [name, value] : headers) record.headers.emplace_back(std::move(name), std::move(value));
  return record;
}

}  // namespace schedules
