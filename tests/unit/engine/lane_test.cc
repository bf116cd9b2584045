#include "engine/lane.h"

#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {
namespace {

std::vector<Delivery> deliveries_of(std::vector<Event> events) {
  std::vector<Delivery> out;
  for (auto& event : events) out.push_back(Delivery{.event = std::move(event), .fired_at = {}});
  return out;
}

Event keyed(std::string key, std::string topic) {
  Event event;
  event.key = std::move(key);
  event.topic = std::move(topic);
  return event;
}

TEST(Lane, OneKeyIsPublishedOneAfterTheOther) {
  ScriptedSink sink(1);
  Lane lane("l", sink, 10);
  lane.push(keyed("k", "1"));
  lane.push(keyed("k", "2"));
  lane.push(keyed("other", "3"));
  const auto first = deliveries_of(lane.take_batch());
  lane.started({}, first);
  ASSERT_EQ(first[0].event.topic, "1");
  const auto second = deliveries_of(lane.take_batch());
  lane.started({}, second);
  ASSERT_EQ(second[0].event.topic, "3") << "another key does not wait";
  EXPECT_TRUE(lane.take_batch().empty());
  lane.finished({}, first);
  EXPECT_EQ(lane.take_batch().at(0).topic, "2");
}

TEST(Lane, ABatchKeepsOrderWithinAKey) {
  ScriptedSink sink(10);
  Lane lane("l", sink, 10);
  for (const char* topic : {"1", "2", "3"}) lane.push(keyed("k", topic));
  const auto batch = lane.take_batch();
  ASSERT_EQ(batch.size(), 3U);
  EXPECT_EQ(batch[0].topic + batch[1].topic + batch[2].topic, "123");
}

TEST(Lane, RunsNoMorePublishesThanAllowed) {
  ScriptedSink sink(1);
  Lane lane("l", sink, 2);
  for (int i = 0; i < 5; ++i) lane.push(keyed("", "x"));
  int running = 0;
  while (lane.may_start()) {
    lane.started({}, deliveries_of(lane.take_batch()));
    ++running;
  }
  EXPECT_EQ(running, 2);
}

TEST(Lane, ALimitIsKept) {
  ScriptedSink sink(100);
  Lane lane("l", sink, 10);
  const SteadyPoint now{std::chrono::seconds(10)};
  lane.limit(5, now);
  for (int i = 0; i < 20; ++i) lane.push(keyed("", "x"));
  ASSERT_EQ(lane.allowance(now), 5U);
  EXPECT_EQ(lane.take_batch(lane.allowance(now), now).size(), 5U);
  EXPECT_EQ(lane.allowance(now), 0U);
  EXPECT_EQ(lane.allowance(now + std::chrono::milliseconds(400)), 2U);
  const TimePoint wall = from_micros(1'000'000'000);
  EXPECT_EQ(lane.next_slot(wall, ""), wall);
  EXPECT_EQ(lane.next_slot(wall, ""), wall + std::chrono::milliseconds(200));
  lane.limit(0, now);
  EXPECT_GT(lane.allowance(now), 1'000U);
}

TEST(Lane, SlotsFollowOneAnother) {
  ScriptedSink sink(1);
  Lane lane("l", sink, 2);
  const TimePoint now = from_micros(1'000'000'000);
  const auto first = lane.next_slot(now, "");
  const auto second = lane.next_slot(now, "");
  EXPECT_GE(first, now);
  EXPECT_GT(second, first);
}

TEST(Lane, AKeyThatWaitsOutsideIsNotOvertaken) {
  ScriptedSink sink(1);
  Lane lane("l", sink, 2);
  const TimePoint now = from_micros(1'000'000'000);
  const auto slot = lane.next_slot(now + std::chrono::seconds(1), "k");
  EXPECT_TRUE(lane.waits_outside("k", now));
  EXPECT_FALSE(lane.waits_outside("other", now));
  EXPECT_GT(lane.next_slot(now, "k"), slot);
  EXPECT_FALSE(lane.waits_outside("k", slot + std::chrono::seconds(1)));
}

TEST(Lane, IdleTimeDoesNotMakeItSlow) {
  ScriptedSink sink(1);
  Lane lane("l", sink, 10);
  TimePoint now = from_micros(1'000'000'000);
  for (int i = 0; i < 20; ++i) {  // one a second, each done at once
    lane.push(keyed("", "x"));
    const auto one = deliveries_of(lane.take_batch());
    lane.started(now, one);
    lane.finished(now + std::chrono::milliseconds(1), one);
    now += std::chrono::seconds(1);
  }
  const auto first = lane.next_slot(now, "");
  EXPECT_LT(lane.next_slot(now, "") - first, std::chrono::milliseconds(10));
}

}  // namespace
}  // namespace schedules::testing
