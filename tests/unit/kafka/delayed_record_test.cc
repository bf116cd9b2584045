#include "ingest/kafka/delayed_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "model/envelope.h"
#include "model/enveloped.h"
#include "tests/unit/kafka/delayed_records.h"

namespace schedules {
namespace {

using kafka::IncomingRecord;
using testing::delayed_now;
using testing::delayed_record;
using testing::delayed_rules;
using testing::kDelayedMessage;
using testing::kNowSeconds;
using testing::with;
using testing::with_value;

Result<Event> read(const IncomingRecord& record) { return read_delayed(record, delayed_rules(), delayed_now()); }

/// Seconds from now to when it is due.
double due_in(const IncomingRecord& record) {
  const auto event = read(record);
  if (!event) {
    ADD_FAILURE() << event.error().field << ": " << event.error().detail;
    return -1;
  }
  return std::chrono::duration<double>(event->due_at - delayed_now()).count();
}

std::string fault(const IncomingRecord& record) {
  const auto event = read(record);
  return event ? "none" : fmt::format("{} {}", to_string(event.error().code), event.error().field);
}

TEST(DelayedRecord, BecomesTheEventThatItsMessageIs) {
  const auto event = read(delayed_record()).value();
  EXPECT_EQ(event.id.text(), "0b7e0c1d-4c6a-4f0b-9d9e-2f6b8a1c3d4e");
  EXPECT_EQ(event.topic, "stufio.events");
  EXPECT_EQ(event.key, "user.7");
  EXPECT_EQ(event.entity_type, "user");
  EXPECT_EQ(event.entity_id, "7");
  EXPECT_EQ(event.action, "greet");
  EXPECT_EQ(event.actor_type, "service");
  EXPECT_EQ(event.actor_id, "mailer");
  EXPECT_EQ(event.correlation_id, "b6a0f6de-2c2e-4b0f-8a34-9d7d8f5c1e20");
  EXPECT_EQ(event.source, "kafka_delayed");
  EXPECT_EQ(event.target.kind, TargetKind::kafka);
  EXPECT_EQ(event.priority, 0);
  EXPECT_FALSE(event.max_delay.has_value());
  EXPECT_EQ(event.due_at, delayed_now() + std::chrono::seconds(60));
}

TEST(DelayedRecord, GoesOutAsItCameWithoutWhatSteeredTheDelay) {
  const auto event = read(delayed_record()).value();
  EXPECT_EQ(fired_message(event, event.due_at), kDelayedMessage);
  const Headers expected{{"entity_type", "user"},
                         {"action", "greet"},
                         {"correlation_id", "b6a0f6de-2c2e-4b0f-8a34-9d7d8f5c1e20"},
                         {"content-type", "application/json"}};
  EXPECT_EQ(event.headers, expected);
}

TEST(DelayedRecord, ReadsItsTimeInSecondsAndMilliseconds) {
  const auto at = [](const std::string& text) { return due_in(with(delayed_record(), "delivery_time", text)); };
  EXPECT_DOUBLE_EQ(at("1767600060000"), 60);
  EXPECT_DOUBLE_EQ(at("1767600060"), 60);
  EXPECT_DOUBLE_EQ(at("1767600060.25"), 60.25);
  EXPECT_DOUBLE_EQ(at("1767600060250.5"), 60.2505);
  EXPECT_DOUBLE_EQ(at(" +1.76760006e9\n"), 60);
  EXPECT_DOUBLE_EQ(at("1767599000"), -1'000) << "past: fires at once";
}

TEST(DelayedRecord, WithoutATimeTheDelayCountsFromTheRecords) {
  auto record = with(delayed_record(), "delivery_time", std::nullopt);
  EXPECT_DOUBLE_EQ(due_in(record), 60);
  record.timestamp_ms = (kNowSeconds - 10) * 1'000;
  EXPECT_DOUBLE_EQ(due_in(record), 50);
  EXPECT_DOUBLE_EQ(due_in(with(record, "delivery_time", "")), 50);
  EXPECT_DOUBLE_EQ(due_in(with(record, "delay_ms", "0")), -10);
  record.timestamp_ms.reset();
  EXPECT_EQ(fault(record), "missing_field delivery_time");
  EXPECT_EQ(fault(with(record, "delay_ms", std::nullopt)), "missing_field delivery_time");
}

TEST(DelayedRecord, AnOddTimeIsRefused) {
  const auto at = [](std::string text) { return fault(with(delayed_record(), "delivery_time", std::move(text))); };
  for (const auto* text : {"soon", "12:30", "nan", "inf", "-inf", "1e999", "0x10", "17676000600s", "1,5", "--1", "+-1",
                           "2026-01-05T08:00:00Z", "\xff\xfe"}) {
    EXPECT_EQ(at(text), "invalid_time delivery_time") << text;
  }
  EXPECT_EQ(at(std::string("1767600060\0", 11)), "invalid_time delivery_time");
  for (const auto* text : {"0", "-1", "-1767600060", "1e30", "1e11", "99999999999", "1767600060000000", "1e308",
                           "2090000000", "1400000000"}) {
    EXPECT_EQ(at(text), "out_of_range delivery_time") << text;
  }
  for (const auto* text : {"-1", "soon", "nan", "inf"}) {
    const auto record = with(delayed_record(), "delivery_time", std::nullopt);
    EXPECT_EQ(fault(with(record, "delay_ms", text)), "invalid_time delay_ms") << text;
  }
  EXPECT_EQ(fault(with(with(delayed_record(), "delivery_time", std::nullopt), "delay_ms", "1e30")),
            "out_of_range delay_ms");
}

TEST(DelayedRecord, NeedsATopicThatItCanGoTo) {
  const auto to = [](std::optional<std::string> topic) {
    return fault(with(delayed_record(), "original_topic", std::move(topic)));
  };
  EXPECT_EQ(to(std::nullopt), "missing_field original_topic");
  EXPECT_EQ(to(""), "missing_field original_topic");
  for (const auto* text :
       {"a b", "a/b", "..", "\xff", "tópico", "stufio.events.delayed", "stufio.events.delayed.dlq"}) {
    EXPECT_EQ(to(text), "invalid_argument original_topic") << text;
  }
  EXPECT_EQ(to(std::string("a\0b", 3)), "invalid_argument original_topic");
  EXPECT_EQ(to(std::string(250, 'a')), "invalid_argument original_topic");
}

TEST(DelayedRecord, AValueThatIsNoObjectIsRefused) {
  EXPECT_EQ(fault(with_value(std::nullopt)), "missing_field value");
  EXPECT_EQ(fault(with_value("")), "missing_field value");
  EXPECT_EQ(fault(with_value("\xff\xfe{}")), "invalid_utf8 value");
  EXPECT_EQ(fault(with_value("{\"a\":\"\xc3\x28\"}")), "invalid_utf8 value");
  for (const auto* text : {"hello", "{", "{\"a\":1}x", "{'a':1}", "{\"a\":01}", "\xef\xbb\xbf{}", "{\"a\":NaN}",
                           "{\"a\":\"\\ud800\"}", "{\"a\":\"\x01\"}"}) {
    EXPECT_EQ(fault(with_value(text)), "invalid_json value") << text;
  }
  for (const auto* text : {"[]", "1", "null", "\"{}\"", "true"}) {
    EXPECT_EQ(fault(with_value(text)), "wrong_type value") << text;
  }
  EXPECT_EQ(fault(with_value(std::string("{}\0", 3))), "invalid_json value");
  EXPECT_EQ(fault(with_value(std::string(1'000'000, '['))), "invalid_json value");
  EXPECT_EQ(fault(with_value("{\"a\":" + std::string(500'000, '[') + std::string(500'000, ']') + "}")),
            "invalid_json value");
  EXPECT_EQ(fault(with_value("{\"a\":\"" + std::string(kMaxBodyBytes, 'x') + "\"}")), "too_long value");
}

TEST(DelayedRecord, AnObjectThatIsNoMessageBecomesThePayloadOfOne) {
  const auto event = read(with_value(R"({"n":1,"text":"\u0000"})")).value();
  EXPECT_EQ(event.entity_type, "user");
  EXPECT_EQ(event.action, "greet");
  const auto message = fired_message(event, event.due_at);
  EXPECT_NE(message.find(R"("payload":{"n":1,"text":"\u0000"})"), std::string::npos) << message;
  EXPECT_TRUE(is_uuid4(event.id.text()));
}

TEST(DelayedRecord, TakesFromTheBodyWhatTheHeadersDoNotSay) {
  auto record = delayed_record();
  record.headers = {{"delivery_time", "1767600060"}, {"original_topic", "t"}};
  const auto event = read(record).value();
  EXPECT_EQ(event.entity_type, "user");
  EXPECT_EQ(event.action, "greet");
  EXPECT_EQ(event.correlation_id, "b6a0f6de-2c2e-4b0f-8a34-9d7d8f5c1e20");
  record.value = "{}";
  const auto bare = read(record).value();
  EXPECT_EQ(bare.entity_type, "unknown");
  EXPECT_EQ(bare.action, "unknown");
  EXPECT_EQ(bare.correlation_id, "");
}

TEST(DelayedRecord, ReadsPriorityAndMaxDelay) {
  const auto event = read(with(with(delayed_record(), "priority", "-9"), "max_delay_seconds", "86400")).value();
  EXPECT_EQ(event.priority, -9);
  EXPECT_EQ(event.max_delay, std::chrono::seconds(86'400));
  EXPECT_EQ(fault(with(delayed_record(), "priority", "high")), "wrong_type priority");
  EXPECT_EQ(fault(with(delayed_record(), "priority", "99999999999999999999")), "wrong_type priority");
  EXPECT_EQ(fault(with(delayed_record(), "priority", "10")), "out_of_range priority");
  for (const auto* text : {"-1", "nan", "inf", "1e13", "a day"}) {
    EXPECT_EQ(fault(with(delayed_record(), "max_delay_seconds", text)), "wrong_type max_delay_seconds") << text;
  }
}

TEST(DelayedRecord, OfAHeaderThatIsThereTwiceTheLastCounts) {
  auto record = delayed_record();
  record.headers.emplace_back("original_topic", "later");
  record.headers.emplace_back("x", std::nullopt);
  const auto event = read(record).value();
  EXPECT_EQ(event.topic, "later");
  EXPECT_EQ(event.headers.back(), (std::pair<std::string, std::string>("x", "")));
}

TEST(DelayedRecord, ReadTwiceItIsOneEvent) {
  const auto plain = with_value("{}");
  EXPECT_EQ(read(plain)->id, read(plain)->id);
  auto next = plain;
  next.offset += 1;
  EXPECT_NE(read(plain)->id, read(next)->id);
  auto elsewhere = plain;
  elsewhere.partition = 0;
  EXPECT_NE(read(plain)->id, read(elsewhere)->id);
  auto anew = plain;  // the same place of a topic that was deleted and made anew
  anew.timestamp_ms = *anew.timestamp_ms + 1;
  EXPECT_NE(read(plain)->id, read(anew)->id);
}

TEST(DelayedRecord, AKeyOfTheProducersOwnMakesTheId) {
  const auto event = read(with(with_value("{}"), "idempotency_key", "order-7")).value();
  EXPECT_EQ(event.id, EventId{}) << "the front door derives it";
  EXPECT_EQ(event.idempotency_key, "order-7");
  EXPECT_NE(read(with(delayed_record(), "idempotency_key", "order-7"))->id, EventId{}) << "a message has its own";
}

TEST(DelayedRecord, AMessageWithAnIdThatIsNoUuidIsStillSentAsItIs) {
  const std::string message = R"({"event_id":"go-17","entity":{"type":"a","id":""},"action":"b","actor":{"id":"c"}})";
  const auto event = read(with_value(message)).value();
  EXPECT_TRUE(is_uuid4(event.id.text()));
  EXPECT_EQ(fired_message(event, event.due_at), message);
}

// Bytes of any kind: an event or an error, never a crash.
TEST(DelayedRecord, WhateverComesIsReadOrRefused) {
  const auto source = seeded_random(7);
  auto& random = *source;
  const std::vector<std::string> pieces{"{",     "}",        "[",      "]",   "\"", ":",   ",",    "\\u0000",
                                        "\xff",  "event_id", "entity", "1e9", "-",  "nan", "null", std::string(1, '\0'),
                                        "actor", "action",   " ",      "9",   "."};
  const std::vector<std::string> names{"delivery_time",     "original_topic", "delay_ms",        "priority",
                                       "max_delay_seconds", "entity_type",    "idempotency_key", "traceparent"};
  const auto text = [&] {
    std::string out;
    for (auto left = random.next() % 12; left > 0; --left) out += pieces[random.next() % pieces.size()];
    return out;
  };
  for (int round = 0; round < 20'000; ++round) {
    auto record = delayed_record();
    const auto kind = random.next() % 4;
    if (kind != 0) record.value = text();
    if (kind == 1) record.value = "{" + *record.value + "}";
    if (kind != 3) record = with(std::move(record), names[random.next() % names.size()], text());
    const auto event = read(record);
    if (event) {
      EXPECT_FALSE(event->topic.empty());
      EXPECT_TRUE(event->body.find('{') != std::string::npos);
    } else {
      EXPECT_FALSE(retryable(event.error().code));
      EXPECT_TRUE(is_valid_utf8(event.error().detail)) << event.error().detail;
    }
  }
}

}  // namespace
}  // namespace schedules
