#include <gtest/gtest.h>

#include "api/events/event_input.h"
#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

const TimePoint kReadAt = from_micros(1'767'600'000'000'000);

Result<Event> read(std::string_view text) {
  json::Document document;
  if (auto parsed = document.read(text); !parsed) return fail(parsed.error());
  return read_event(document, kReadAt);
}

std::string with(std::string_view more) { return event_json(fmt::format(R"("delay_seconds":60,{})", more)); }

TEST(EventInput, ReadsEveryField) {
  const auto event = read(R"({"id":"7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968","topic":"t","key":"k","entity_type":"order",
    "entity_id":"42","action":"remind","body":{"a":[1,2]},"headers":{"h":"v"},"correlation_id":"c","actor_type":"user",
    "actor_id":"u1","scheduled_at":"2026-01-05T09:00:00+01:00","priority":-9,"max_delay_seconds":5,"max_retries":7,
    "retry_delay_seconds":1.5,"idempotency_key":"i","target":{"type":"webhook","url":"https://example.com/x"},
    "tags":["x","y"],"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})");
  ASSERT_TRUE(event) << event.error().detail;
  EXPECT_EQ(event->id.text(), "7f1c3f6e-9a54-4b0e-8f0e-1d2c3b4a5968");
  EXPECT_EQ(event->body, R"({"a":[1,2]})");
  EXPECT_EQ(event->headers, (Headers{{"h", "v"}}));
  EXPECT_EQ(event->due_at, kReadAt);
  EXPECT_EQ(event->priority, -9);
  EXPECT_EQ(event->max_delay, std::chrono::seconds(5));
  EXPECT_EQ(event->max_retries, 7U);
  EXPECT_EQ(event->retry_delay, std::chrono::milliseconds(1500));
  EXPECT_EQ(event->target, (Target{TargetKind::webhook, "https://example.com/x"}));
  EXPECT_EQ(event->tags, (std::vector<std::string>{"x", "y"}));
}

TEST(EventInput, ADelayCountsFromNowAndMayHaveAFraction) {
  EXPECT_EQ(read(event_json(R"("delay_seconds":1.25)"))->due_at, kReadAt + std::chrono::milliseconds(1250));
  EXPECT_EQ(read(event_json(R"("delay_seconds":0)"))->due_at, kReadAt);
}

TEST(EventInput, APastTimeIsTaken) {
  EXPECT_EQ(read(event_json(R"("scheduled_at":"2020-01-01T00:00:00Z")"))->due_at, from_micros(1'577'836'800'000'000));
}

TEST(EventInput, ATimeWithoutAZoneMeansUtc) {
  EXPECT_EQ(read(event_json(R"("scheduled_at":"2026-01-05T08:00:00")"))->due_at, kReadAt);
}

TEST(EventInput, TheBodyMayBeATextThatHoldsAnObject) {
  EXPECT_EQ(read(with(R"("body":"{ \"a\" : 1 }")"))->body, R"({"a":1})");
}

TEST(EventInput, NullMeansAbsent) {
  const auto event = read(with(R"("key":null,"target":null,"tags":null,"priority":null)"));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->key, "");
}

struct Fault {
  std::string more;
  Code code;
  std::string field;
};

class EventInputFault : public ::testing::TestWithParam<Fault> {};

TEST_P(EventInputFault, NamesCodeAndField) {
  const auto event = read(with(GetParam().more));
  ASSERT_FALSE(event) << GetParam().more;
  EXPECT_EQ(to_string(event.error().code), to_string(GetParam().code)) << GetParam().more;
  EXPECT_EQ(event.error().field, GetParam().field) << GetParam().more;
  EXPECT_TRUE(event.error().more.empty()) << GetParam().more;
}

const std::string kLong(250, 'x');

std::vector<Fault> text_faults() {
  std::vector<Fault> faults;
  for (const std::string field : {"key", "entity_id", "correlation_id", "actor_type", "actor_id", "idempotency_key"}) {
    faults.push_back({fmt::format(R"("{}":5)", field), Code::wrong_type, field});
    faults.push_back({fmt::format(R"("{}":[])", field), Code::wrong_type, field});
    faults.push_back({fmt::format(R"("{}":"{}")", field, kLong), Code::too_long, field});
    faults.push_back({fmt::format(R"("{}":"a\u0000b")", field), Code::invalid_argument, field});
    faults.push_back({fmt::format(R"("{}":"a\nb")", field), Code::invalid_argument, field});
  }
  for (const std::string field : {"actor_type", "actor_id", "idempotency_key"})
    faults.push_back({fmt::format(R"("{}":"")", field), Code::missing_field, field});
  return faults;
}

std::vector<Fault> number_faults() {
  std::vector<Fault> faults;
  for (const std::string field : {"priority", "max_delay_seconds", "max_retries", "retry_delay_seconds"}) {
    faults.push_back({fmt::format(R"("{}":"5")", field), Code::wrong_type, field});
    faults.push_back({fmt::format(R"("{}":true)", field), Code::wrong_type, field});
    faults.push_back({fmt::format(R"("{}":-10)", field), Code::out_of_range, field});
    faults.push_back({fmt::format(R"("{}":1e300)", field), Code::out_of_range, field});
    if (field != "retry_delay_seconds") faults.push_back({fmt::format(R"("{}":1.5)", field), Code::wrong_type, field});
  }
  faults.push_back({R"("priority":10)", Code::out_of_range, "priority"});
  faults.push_back({R"("max_retries":101)", Code::out_of_range, "max_retries"});
  faults.push_back({R"("retry_delay_seconds":86401)", Code::out_of_range, "retry_delay_seconds"});
  return faults;
}

INSTANTIATE_TEST_SUITE_P(Texts, EventInputFault, ::testing::ValuesIn(text_faults()));
INSTANTIATE_TEST_SUITE_P(Numbers, EventInputFault, ::testing::ValuesIn(number_faults()));
INSTANTIATE_TEST_SUITE_P(
    Others, EventInputFault,
    ::testing::Values(
        Fault{R"("id":"x")", Code::invalid_argument, "id"},
        Fault{R"("id":"7f1c3f6e-9a54-1b0e-8f0e-1d2c3b4a5968")", Code::invalid_argument, "id"},
        Fault{R"("body":5)", Code::wrong_type, "body"}, Fault{R"("body":[1])", Code::wrong_type, "body"},
        Fault{R"("body":"[1]")", Code::wrong_type, "body"}, Fault{R"("body":"{")", Code::wrong_type, "body"},
        Fault{R"("body":"{},{}")", Code::wrong_type, "body"},
        Fault{fmt::format(R"("body":{{"a":"{}"}})", std::string(kMaxBodyBytes, 'x')), Code::too_long, "body"},
        Fault{R"("headers":[])", Code::wrong_type, "headers"},
        Fault{R"("headers":{"h":5})", Code::wrong_type, "headers.h"},
        Fault{R"("headers":{"h":"a\r\nb"})", Code::invalid_argument, "headers.h"},
        Fault{R"("headers":{"":"x"})", Code::invalid_argument, "headers."},
        Fault{R"("headers":{"a":"1","a":"2"})", Code::invalid_argument, "headers"},
        Fault{fmt::format(R"("headers":{{"h":"{}"}})", std::string(8193, 'x')), Code::too_long, "headers.h"},
        Fault{R"("tags":"x")", Code::wrong_type, "tags"}, Fault{R"("tags":[1])", Code::wrong_type, "tags.0"},
        Fault{R"("tags":["a",""])", Code::missing_field, "tags.1"},
        Fault{R"("target":"kafka")", Code::wrong_type, "target"},
        Fault{R"("target":{})", Code::missing_field, "target.type"},
        Fault{R"("target":{"type":"fax"})", Code::invalid_argument, "target.type"},
        Fault{R"("target":{"type":"handler"})", Code::invalid_argument, "target.type"},
        Fault{R"("target":{"type":"webhook"})", Code::missing_field, "target.url"},
        Fault{R"("target":{"type":"webhook","url":"ftp://x"})", Code::invalid_argument, "target.url"},
        Fault{R"("target":{"type":"kafka","url":"http://x"})", Code::invalid_argument, "target.url"},
        Fault{R"("target":{"type":"kafka","host":"x"})", Code::unknown_field, "target.host"},
        Fault{R"("scheduled_at":"2026-01-05T08:00:00Z")", Code::invalid_argument, "delay_seconds"},
        Fault{R"("prioritty":1)", Code::unknown_field, "prioritty"}));

TEST(EventInput, RefusesBadTimes) {
  EXPECT_EQ(read(event_json(R"("scheduled_at":"tomorrow")")).error().code, Code::invalid_time);
  EXPECT_EQ(read(event_json(R"("scheduled_at":5)")).error().code, Code::wrong_type);
  EXPECT_EQ(read(event_json(R"("scheduled_at":"2199-01-01T00:00:00Z")")).error().code, Code::out_of_range);
  EXPECT_EQ(read(event_json(R"("delay_seconds":-0.001)")).error().code, Code::out_of_range);
  EXPECT_EQ(read(event_json(R"("delay_seconds":3155760001)")).error().code, Code::out_of_range);
  EXPECT_EQ(read(event_json(R"("delay_seconds":"5")")).error().code, Code::wrong_type);
  EXPECT_EQ(read(event_json("")).error().field, "scheduled_at");
}

TEST(EventInput, TellsAllFaultsAtOnce) {
  const auto event = read(R"({"topic":"","action":5,"priority":99,"nonsense":1})");
  ASSERT_FALSE(event);
  std::vector<std::string> fields{event.error().field};
  for (const auto& fault : event.error().more) fields.push_back(fault.field);
  EXPECT_EQ(fields,
            (std::vector<std::string>{"topic", "action", "priority", "nonsense", "entity_type", "scheduled_at"}));
}

TEST(EventInput, AnUnknownFieldNamesTheNearestKnownOne) {
  EXPECT_NE(read(with(R"("prioritty":1)")).error().detail.find("priority?"), std::string::npos);
}

TEST(EventInput, WhatIsNoObjectIsRefused) {
  for (const std::string_view text : {"5", "\"x\"", "[]", "null"})
    EXPECT_EQ(read(text).error().code, Code::invalid_json);
}

Result<EventPatch> patch(std::string_view text) {
  json::Document document;
  if (auto parsed = document.read(text); !parsed) return fail(parsed.error());
  return read_event_patch(document, kReadAt);
}

TEST(EventPatch, ChangesOnlyWhatIsGiven) {
  Event event;
  event.topic = "old";
  event.key = "key";
  event.priority = 3;
  const auto changes = patch(R"({"topic":"new","key":null,"delay_seconds":5})");
  ASSERT_TRUE(changes);
  changes->apply(event);
  EXPECT_EQ(event.topic, "new");
  EXPECT_EQ(event.key, "");
  EXPECT_EQ(event.priority, 3);
  EXPECT_EQ(event.due_at, kReadAt + std::chrono::seconds(5));
}

TEST(EventPatch, RefusesWhatCannotChange) {
  EXPECT_EQ(patch(R"({"id":"x"})").error().field, "id");
  EXPECT_EQ(patch(R"({"idempotency_key":"x"})").error().field, "idempotency_key");
  EXPECT_EQ(patch(R"({"topic":null})").error().code, Code::wrong_type);
  EXPECT_EQ(patch("{}").error().code, Code::missing_field);
  EXPECT_EQ(patch(R"({"scheduled_at":"2026-01-05T08:00:00Z","delay_seconds":1})").error().field, "delay_seconds");
}

}  // namespace
}  // namespace schedules::api
