#include "model/enveloped.h"

#include <gtest/gtest.h>

#include "model/envelope.h"

namespace schedules {
namespace {

constexpr std::string_view kMessage =
    R"({ "event_id" : "0B7E0C1D-4C6A-4F0B-9D9E-2F6B8A1C3D4E", "correlation_id": null, "entity": {"type":"user","id":"7"},)"
    R"("action":"greet","actor":{"type":"system","id":"x"},"payload":{"n":1.50}})";

Event delayed(std::string_view body = kMessage) {
  Event event;
  event.source = kDelayedSource;
  event.body = body;
  event.id = envelope_id("0b7e0c1d-4c6a-4f0b-9d9e-2f6b8a1c3d4e");
  event.topic = "orders";
  event.key = "user.7";
  event.entity_type = "user";
  event.entity_id = "7";
  event.action = "greet";
  event.headers = {{"entity_type", "user"}, {"x", "1"}, {"attempt", "9"}};
  return event;
}

std::string all_of(const Headers& headers, std::string_view name) {
  std::string found;
  for (const auto& [key, value] : headers) {
    if (key == name) found += value + ";";
  }
  return found;
}

TEST(FiredHeaders, OfTheTraceAreOursWhereItIsKnown) {
  Event event = delayed();
  event.headers.emplace_back("traceparent", "the producer's");
  EXPECT_EQ(all_of(fired_headers(event, event.due_at), "traceparent"), "the producer's;");
  event.traceparent = "ours";
  EXPECT_EQ(all_of(fired_headers(event, event.due_at), "traceparent"), "ours;");
}

TEST(Envelope, IsReadFromAMessage) {
  const auto envelope = read_envelope(kMessage).value().value();
  EXPECT_EQ(envelope.event_id, "0B7E0C1D-4C6A-4F0B-9D9E-2F6B8A1C3D4E");
  EXPECT_EQ(envelope.entity_type, "user");
  EXPECT_EQ(envelope.entity_id, "7");
  EXPECT_EQ(envelope.action, "greet");
  EXPECT_EQ(envelope.actor_id, "x");
  EXPECT_EQ(envelope.correlation_id, "");
}

TEST(Envelope, AnObjectWithoutItsPartsIsNone) {
  for (const std::string_view text : {"{}", R"({"event_id":"x","entity":{},"action":"a"})",
                                      R"({"event_id":"x","entity":"e","action":"a","actor":{}})",
                                      R"({"event_id":7,"entity":{},"action":"a","actor":{}})",
                                      R"({"event_id":"","entity":{},"action":"a","actor":{}})"}) {
    EXPECT_FALSE(read_envelope(text).value().has_value()) << text;
  }
}

TEST(Envelope, WhatIsNoObjectIsRefused) {
  for (const std::string_view text : {"[1]", "null", "\"text\"", "1"}) {
    EXPECT_EQ(read_envelope(text).error().code, Code::wrong_type) << text;
  }
  for (const std::string_view text : {"", "{", "{}{}", "\xff", "{\"a\":\"\xff\"}", "{'a':1}", "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(read_envelope(text).error().code, Code::invalid_json) << text;
  }
  EXPECT_EQ(read_envelope(std::string(100'000, '[')).error().code, Code::invalid_json);
}

TEST(Enveloped, IsPublishedByteForByte) {
  const auto event = delayed();
  EXPECT_EQ(fired_message(event, from_micros(5)), kMessage);
  EXPECT_EQ(partition_key(event), "user.7");
}

TEST(Enveloped, KeepsTheAbsenceOfAKey) {
  auto event = delayed();
  event.key.clear();
  EXPECT_EQ(partition_key(event), "");
}

TEST(Enveloped, KeepsItsHeadersAndGetsThoseOfTheDelivery) {
  const auto headers = fired_headers(delayed(), from_micros(5));
  EXPECT_EQ(all_of(headers, "entity_type"), "user;");
  EXPECT_EQ(all_of(headers, "x"), "1;");
  EXPECT_EQ(all_of(headers, "attempt"), "1;");
  EXPECT_EQ(all_of(headers, "event_id"), "0b7e0c1d-4c6a-4f0b-9d9e-2f6b8a1c3d4e;");
  EXPECT_EQ(all_of(headers, "action"), "greet;");
}

TEST(Enveloped, ACorrelationThatTheProducerSentStands) {
  auto event = delayed();
  event.correlation_id = "free text";
  event.headers = {{"correlation_id", "free text"}};
  const auto headers = fired_headers(event, from_micros(5));
  EXPECT_EQ(all_of(headers, "correlation_id"), "free text;");
  EXPECT_EQ(all_of(headers, "original_correlation_id"), "");
}

// The source alone can be named by any caller of the API, and a body may look like a message.
TEST(Enveloped, IsOnlyWhatCameWithItsOwnId) {
  auto event = delayed();
  event.id = derived_id("another");
  EXPECT_FALSE(is_enveloped(event));
  event = delayed();
  event.source = "api_request";
  EXPECT_FALSE(is_enveloped(event));
  EXPECT_NE(fired_message(event, from_micros(5)).find(R"("payload":{ "event_id")"), std::string::npos);
}

TEST(Enveloped, AnIdThatIsNoUuidIsDerived) {
  EXPECT_TRUE(is_uuid4(envelope_id("order-77").text()));
  EXPECT_EQ(envelope_id("order-77"), envelope_id("order-77"));
  EXPECT_NE(envelope_id("order-77"), envelope_id("order-78"));
}

}  // namespace
}  // namespace schedules
