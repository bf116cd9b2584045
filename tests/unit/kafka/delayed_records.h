// Records of the delayed topic, as producers send them.
#pragma once

#include "ingest/kafka/delayed_record.h"

namespace schedules::testing {

inline constexpr int64_t kNowSeconds = 1'767'600'000;  // 2026-01-05T08:00:00Z
inline TimePoint delayed_now() { return from_micros(kNowSeconds * 1'000'000); }
inline DelayedRules delayed_rules() {
  return {.delayed_topic = "stufio.events.delayed", .dead_topic = "stufio.events.delayed.dlq"};
}

inline constexpr std::string_view kDelayedMessage =
    R"({"event_id":"0b7e0c1d-4c6a-4f0b-9d9e-2f6b8a1c3d4e","correlation_id":"b6a0f6de-2c2e-4b0f-8a34-9d7d8f5c1e20",)"
    R"("timestamp":"2026-01-05T08:00:00Z","entity":{"type":"user","id":"7"},"action":"greet",)"
    R"("actor":{"type":"service","id":"mailer"},"payload":{"n":1.50}})";

/// Due in a minute, as the Events module sends it.
inline kafka::IncomingRecord delayed_record(int64_t offset = 5) {
  return {.topic = "stufio.events.delayed",
          .partition = 2,
          .offset = offset,
          .timestamp_ms = kNowSeconds * 1'000,
          .key = "user.7",
          .value = std::string(kDelayedMessage),
          .headers = {{"entity_type", "user"},
                      {"action", "greet"},
                      {"correlation_id", "b6a0f6de-2c2e-4b0f-8a34-9d7d8f5c1e20"},
                      {"content-type", "application/json"},
                      {"delivery_time", std::to_string((kNowSeconds + 60) * 1'000)},
                      {"original_topic", "stufio.events"},
                      {"delay_ms", "60000"},
                      {"delivery_delay_ms", "60000"}}};
}

/// Replaces the header; a null value takes it out.
inline kafka::IncomingRecord with(kafka::IncomingRecord record, const std::string& name,
                                  std::optional<std::string> value) {
  std::erase_if(record.headers, [&](const auto& header) { return header.first == name; });
  if (value) record.headers.emplace_back(name, std::move(value));
  return record;
}

inline kafka::IncomingRecord with_value(std::optional<std::string> value) {
  auto record = delayed_record();
  record.value = std::move(value);
  return record;
}

}  // namespace schedules::testing
