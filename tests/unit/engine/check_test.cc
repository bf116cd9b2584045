#include <gtest/gtest.h>

#include "engine/events.h"
#include "engine/schedules.h"

namespace schedules {
namespace {

const TimePoint kNow = from_micros(1'767'225'600'000'000);

Event good() {
  Event event;
  event.topic = "t";
  event.entity_type = "e";
  event.action = "a";
  event.due_at = kNow;
  return event;
}

struct BadEvent {
  const char* field;
  Code code;
  std::function<void(Event&)> spoil;
};

class CheckEvent : public ::testing::TestWithParam<BadEvent> {};

TEST_P(CheckEvent, NamesTheField) {
  auto event = good();
  GetParam().spoil(event);
  const auto checked = check_event(event, kNow);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().field, GetParam().field);
  EXPECT_EQ(checked.error().code, GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, CheckEvent,
    ::testing::Values(
        BadEvent{"topic", Code::missing_field, [](Event& e) { e.topic.clear(); }},
        BadEvent{"topic", Code::too_long, [](Event& e) { e.topic.assign(250, 'x'); }},
        BadEvent{"topic", Code::invalid_argument, [](Event& e) { e.topic = std::string("a\0b", 3); }},
        BadEvent{"topic", Code::invalid_utf8, [](Event& e) { e.topic = "\xC3\x28"; }},
        BadEvent{"action", Code::missing_field, [](Event& e) { e.action.clear(); }},
        BadEvent{"entity_type", Code::missing_field, [](Event& e) { e.entity_type.clear(); }},
        BadEvent{"key", Code::invalid_argument, [](Event& e) { e.key = "a\nb"; }},
        BadEvent{"body", Code::too_long, [](Event& e) { e.body.assign(kMaxBodyBytes + 1, ' '); }},
        BadEvent{"priority", Code::out_of_range, [](Event& e) { e.priority = 10; }},
        BadEvent{"scheduled_at", Code::missing_field, [](Event& e) { e.due_at = {}; }},
        BadEvent{"scheduled_at", Code::out_of_range, [](Event& e) { e.due_at = kNow + kMaxDelay + Duration(1); }},
        BadEvent{"headers", Code::out_of_range, [](Event& e) { e.headers.resize(65, {"a", "b"}); }},
        BadEvent{"headers.h", Code::invalid_argument, [](Event& e) { e.headers = {{"h", "a\r\nb: c"}}; }},
        BadEvent{"tags[0]", Code::missing_field, [](Event& e) { e.tags = {""}; }},
        BadEvent{"target.url", Code::missing_field, [](Event& e) { e.target.kind = TargetKind::webhook; }},
        BadEvent{"retry_delay_seconds", Code::out_of_range, [](Event& e) { e.retry_delay = std::chrono::hours(25); }}));

TEST(CheckEventAll, TellsEveryFaultAtOnce) {
  auto event = good();
  event.topic.clear();
  event.action.clear();
  event.priority = -10;
  const auto checked = check_event(event, kNow);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().more.size(), 2U);
}

TEST(CheckEventAll, TakesTheBoundsThemselves) {
  auto event = good();
  event.topic.assign(249, 'x');
  event.body.assign(kMaxBodyBytes, ' ');
  event.priority = 9;
  event.due_at = kNow + kMaxDelay;
  EXPECT_TRUE(check_event(event, kNow));
}

}  // namespace
}  // namespace schedules
