#include <gtest/gtest.h>

#include "model/enveloped.h"
#include "sink/kafka/message.h"
#include "tests/unit/sink/delivery.h"

namespace schedules {
namespace {

using testing::delivery_to;

std::string value_of(const kafka::OutgoingRecord& record, std::string_view name) {
  std::string found;
  for (const auto& [key, value] : record.headers) {
    if (key == name) found += value.value_or("(null)") + ";";
  }
  return found;
}

TEST(KafkaRecord, HasTheContractsKeyHeadersAndMessage) {
  auto delivery = delivery_to(TargetKind::kafka);
  delivery.event.correlation_id = "reminder-123";
  delivery.event.schedule_id = "665f1c2ab3d4e5f60718293a";
  delivery.event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto record = record_of(delivery);
  const auto id = delivery.event.id.text();
  EXPECT_EQ(record.topic, "orders.created");
  EXPECT_EQ(record.key, "order.42");
  EXPECT_EQ(record.value, fired_message(delivery.event, delivery.fired_at));
  EXPECT_EQ(value_of(record, "entity_type"), "order;");
  EXPECT_EQ(value_of(record, "action"), "ship;");
  EXPECT_EQ(value_of(record, "content-type"), "application/json;");
  EXPECT_EQ(value_of(record, "event_id"), id + ";");
  EXPECT_EQ(value_of(record, "attempt"), "1;");
  EXPECT_EQ(value_of(record, "due_time"), "2026-01-05T08:00:00.012345Z;");
  EXPECT_EQ(value_of(record, "fired_time"), "2026-01-05T08:00:00.019345Z;");
  EXPECT_EQ(value_of(record, "scheduled_at"), "2026-01-05T08:00:00.012345Z;");
  EXPECT_EQ(value_of(record, "schedule_id"), "665f1c2ab3d4e5f60718293a;");
  EXPECT_EQ(value_of(record, "traceparent"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01;");
  EXPECT_EQ(value_of(record, "correlation_id"), derived_id("reminder-123").text() + ";");
  EXPECT_EQ(value_of(record, "original_correlation_id"), "reminder-123;");
}

TEST(KafkaRecord, TheEventsOwnHeadersCannotReplaceThose) {
  auto delivery = delivery_to(TargetKind::kafka);
  delivery.event.headers = {{"Event_ID", "forged"}, {"content-type", "text/plain"}, {"region", "eu"}};
  const auto record = record_of(delivery);
  EXPECT_EQ(value_of(record, "Event_ID"), "");
  EXPECT_EQ(value_of(record, "content-type"), "application/json;");
  EXPECT_EQ(value_of(record, "region"), "eu;");
}

TEST(KafkaRecord, TheBodysCorrelationCanBeNullWhileTheHeaderHasIt) {
  auto delivery = delivery_to(TargetKind::kafka);
  delivery.correlation = CorrelationMode::null;
  const auto record = record_of(delivery);
  EXPECT_NE(record.value->find(R"("correlation_id":null)"), std::string::npos);
  EXPECT_EQ(value_of(record, "correlation_id"), delivery.event.id.text() + ";");
}

TEST(KafkaRecord, TheEventsKeyComesFirst) {
  auto delivery = delivery_to(TargetKind::kafka);
  delivery.event.key = "customer-9";
  EXPECT_EQ(record_of(delivery).key, "customer-9");
  delivery.event.key.clear();
  delivery.event.entity_id.clear();
  EXPECT_EQ(record_of(delivery).key, "order");
}

TEST(KafkaRecord, ADelayedMessageWithoutAKeyStaysWithoutOne) {
  auto delivery = delivery_to(TargetKind::kafka);
  delivery.event.source = kDelayedSource;
  delivery.event.body = R"({"event_id":"m-1","entity":{"type":"order"},"action":"ship","actor":{}})";
  delivery.event.id = envelope_id("m-1");
  const auto record = record_of(delivery);
  EXPECT_EQ(record.key, std::nullopt);
  EXPECT_EQ(record.value, delivery.event.body);
}

}  // namespace
}  // namespace schedules
