#include "model/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/model/full_event.h"

namespace schedules {
namespace {

using testing::full_event;
const TimePoint kFired = from_micros(1'767'225'600'135'456);

std::string value_of(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "(absent)";
}

TEST(FiredMessage, IsTheEventsModulesMessage) {
  auto event = full_event();
  event.missed_count = 0;
  EXPECT_EQ(fired_message(event, kFired),
            R"({"event_id":")" + event.id.text() + R"(","correlation_id":")" + derived_id("reminder-123").text() +
                R"(","timestamp":"2026-01-01T00:00:00.135456Z","entity":{"type":"order","id":"7"},"action":"remind",)"
                R"("actor":{"type":"user","id":"u1"},"payload":{"text":"grüße","n":1},)"
                R"("metrics":{"queue_time_ms":12,"custom_metrics":{"source":"scheduler",)"
                R"("schedule_id":"665f1c2ab3d4e5f60718293a","scheduled_at":"2026-01-01T00:00:00.000000Z"}}})");
}

TEST(FiredMessage, UnknownActorBecomesSystem) {
  auto event = full_event();
  event.actor_type = "robot";
  EXPECT_NE(fired_message(event, kFired).find(R"("actor":{"type":"system")"), std::string::npos);
}

TEST(FiredMessage, NullModeLeavesTheIdToTheHeader) {
  EXPECT_NE(fired_message(full_event(), kFired, CorrelationMode::null).find(R"("correlation_id":null)"),
            std::string::npos);
}

TEST(CorrelationId, AVersion4UuidIsKept) {
  auto event = full_event();
  event.correlation_id = "B6A0F6DE-2C2E-4B0F-8A34-9D7D8F5C1E20";
  EXPECT_EQ(correlation_uuid(event), "b6a0f6de-2c2e-4b0f-8a34-9d7d8f5c1e20");
}

TEST(CorrelationId, EqualTextsCorrelate) {
  auto event = full_event();
  const auto first = correlation_uuid(event);
  event.id = derived_id("another");
  EXPECT_EQ(correlation_uuid(event), first);
  EXPECT_TRUE(is_uuid4(first));
}

TEST(CorrelationId, WithoutTextItIsTheEventsId) {
  auto event = full_event();
  event.correlation_id.clear();
  EXPECT_EQ(correlation_uuid(event), event.id.text());
}

TEST(FiredHeaders, CarryWhatAConsumerNeeds) {
  const auto headers = fired_headers(full_event(), kFired);
  EXPECT_EQ(value_of(headers, "entity_type"), "order");
  EXPECT_EQ(value_of(headers, "action"), "remind");
  EXPECT_EQ(value_of(headers, "attempt"), "2");
  EXPECT_EQ(value_of(headers, "due_time"), "2026-01-01T00:00:00.123456Z");
  EXPECT_EQ(value_of(headers, "scheduled_at"), "2026-01-01T00:00:00.000000Z");
  EXPECT_EQ(value_of(headers, "schedule_id"), "665f1c2ab3d4e5f60718293a");
  EXPECT_EQ(value_of(headers, "original_correlation_id"), "reminder-123");
  EXPECT_EQ(value_of(headers, "x-two"), "zwei");
}

TEST(FiredHeaders, TheEventsOwnCannotReplaceOurs) {
  auto event = full_event();
  event.headers = {{"Event_Id", "forged"}, {"x", "y"}};
  const auto headers = fired_headers(event, kFired);
  EXPECT_EQ(value_of(headers, "Event_Id"), "(absent)");
  EXPECT_EQ(value_of(headers, "x"), "y");
}

TEST(PartitionKey, FallsBackToTheEntity) {
  auto event = full_event();
  EXPECT_EQ(partition_key(event), "order-7");
  event.key.clear();
  EXPECT_EQ(partition_key(event), "order.7");
  event.entity_id.clear();
  EXPECT_EQ(partition_key(event), "order");
}

}  // namespace
}  // namespace schedules
