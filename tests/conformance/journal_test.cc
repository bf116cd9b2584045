// The journal against a real broker.
#include <gtest/gtest.h>

#include "tests/conformance/journal_place.h"

namespace schedules {
namespace {

using testing::append;
using testing::delivery_into;
using testing::forget;
using testing::fresh_topic;
using testing::open_journal;
using testing::replayed;
using testing::ServerControl;

std::vector<Event> some(int count) {
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) events.push_back(delivery_into("t", i).event);
  return events;
}

TEST(KafkaJournalTest, AnEmptyOneIsMadeAndHandsNothingOn) {
  auto journal = open_journal(fresh_topic("journal"));
  EXPECT_TRUE(replayed(*journal).empty());
}

TEST(KafkaJournalTest, WhatWasAppendedIsHandedOnWhole) {
  const auto topic = fresh_topic("journal");
  const auto events = some(5'000);
  ASSERT_TRUE(append(*open_journal(topic), events));
  auto journal = open_journal(topic);
  const auto found = replayed(*journal);
  ASSERT_EQ(found.size(), events.size());
  for (const auto& event : events) EXPECT_EQ(found.at(event.id).body, event.body);
}

TEST(KafkaJournalTest, OnlyTheNewestCountsAndWhatWasForgottenDoesNot) {
  auto journal = open_journal(fresh_topic("journal"));
  auto events = some(10);
  ASSERT_TRUE(append(*journal, events));
  events[0].topic = "changed";
  events[0].revision = 2;
  ASSERT_TRUE(append(*journal, {events[0]}));
  ASSERT_TRUE(forget(*journal, {events[1].id, events[2].id}));
  ASSERT_TRUE(append(*journal, {events[2]}));
  const auto found = replayed(*journal);
  EXPECT_EQ(found.size(), 9U);
  EXPECT_EQ(found.at(events[0].id).topic, "changed");
  EXPECT_FALSE(found.contains(events[1].id));
  EXPECT_TRUE(found.contains(events[2].id));
}

TEST(KafkaJournalTest, MoreShardsThanPartitionsAreToldApart) {
  auto journal = open_journal(fresh_topic("journal"), 3);
  const auto events = some(200);
  ASSERT_TRUE(append(*journal, events));
  EXPECT_EQ(replayed(*journal).size(), 200U);
}

TEST(KafkaJournalTest, AReplayGoesOnWhereOneEnded) {
  auto journal = open_journal(fresh_topic("journal"), 1);
  ASSERT_TRUE(append(*journal, some(50)));
  const auto first = journal->replay(
      0, {}, {.take = [](const std::vector<Event>&) { return Status{}; }, .progress = {}, .give_up = {}});
  ASSERT_TRUE(first);
  EXPECT_GE(first->end, 50);
  const auto late = some(7);
  ASSERT_TRUE(append(*journal, late));
  EXPECT_EQ(replayed(*journal, {.look = 0, .hand_on = first->end}).size(), 7U);
}

TEST(KafkaJournalTest, AnErrorOfTheTakerEndsTheReplay) {
  auto journal = open_journal(fresh_topic("journal"), 1);
  ASSERT_TRUE(append(*journal, some(50)));
  const auto ended =
      journal->replay(0, {},
                      {.take = [](const std::vector<Event>&) -> Status { return fail(Code::io_error, "no"); },
                       .progress = {},
                       .give_up = {}});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::io_error);
}

TEST(KafkaJournalTest, WithoutABrokerAnAppendIsRefusedAndItsRepeatKept) {
  ServerControl broker("SCHEDULES_TEST_KAFKA_CONTROL");
  const auto topic = fresh_topic("journal");
  auto journal = KafkaJournal::open({.cluster = testing::kafka_options(),
                                     .topic = topic,
                                     .partitions = 4,
                                     .message_timeout = std::chrono::milliseconds(2'000),
                                     .shard_of = testing::shard_of_four},
                                    testing::test_clock());
  ASSERT_TRUE(journal);
  const auto events = some(20);
  ASSERT_TRUE(testing::eventually([&] { return append(**journal, {events[0]}).has_value(); }));
  broker.pause();
  const auto refused = append(**journal, events);
  broker.resume();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_TRUE(testing::eventually([&] { return append(**journal, events).has_value(); }));
  EXPECT_EQ(replayed(**journal).size(), 20U);
}

TEST(KafkaJournalTest, ClosedItRefusesAndAnswers) {
  auto journal = open_journal(fresh_topic("journal"));
  ASSERT_TRUE(append(*journal, some(1)));
  journal->close();
  const auto refused = append(*journal, some(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::shutting_down);
}

}  // namespace
}  // namespace schedules
