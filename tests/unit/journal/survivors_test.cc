// Which records of the journal count.
#include <gtest/gtest.h>

#include "journal/survivors.h"

namespace schedules::journal {
namespace {

const EventId kId = derived_id("one");
const TimePoint kNow = from_micros(1'700'000'000'000'000);

TEST(Survivors, TheNewestCounts) {
  Survivors seen;
  seen.see(kId, 1, true, {Word::accepted, kNow});
  seen.see(kId, 5, true, {Word::accepted, kNow});
  EXPECT_FALSE(seen.counts(kId, 1));
  EXPECT_TRUE(seen.counts(kId, 5));
  EXPECT_EQ(seen.size(), 1U);
}

TEST(Survivors, WhatEndedDoesNot) {
  Survivors seen;
  seen.see(kId, 1, true, {Word::accepted, kNow});
  seen.see(kId, 2, false, {Word::ended, kNow});
  EXPECT_EQ(seen.size(), 0U);
  EXPECT_TRUE(seen.fired().empty());
  seen.see(kId, 3, true, {Word::accepted, kNow});
  EXPECT_TRUE(seen.counts(kId, 3)) << "ended and put anew";
}

TEST(Survivors, AnAcceptBehindItsOwnPublishIsAnEcho) {
  Survivors seen;
  seen.see(kId, 1, false, {Word::fired, kNow});
  seen.see(kId, 2, true, {Word::accepted, kNow - std::chrono::seconds(1)});
  EXPECT_EQ(seen.size(), 0U);
  EXPECT_EQ(seen.fired().at(kId).offset, 1);
}

TEST(Survivors, TheSameIdAcceptedLaterCounts) {
  Survivors seen;
  seen.see(kId, 1, false, {Word::fired, kNow});
  seen.see(kId, 2, true, {Word::accepted, kNow + std::chrono::hours(24)});
  EXPECT_TRUE(seen.counts(kId, 2));
  EXPECT_TRUE(seen.fired().empty());
}

TEST(Survivors, ARedrivenOneCounts) {
  Survivors seen;
  seen.see(kId, 1, false, {Word::fired, kNow});
  seen.see(kId, 2, true, {Word::redriven, kNow - std::chrono::hours(1)});
  EXPECT_TRUE(seen.counts(kId, 2));
}

TEST(JournalRecord, WordsAreRead) {
  for (const auto word : {Word::accepted, Word::fired, Word::redriven}) {
    const auto said = said_by(text_of({word, kNow}));
    EXPECT_EQ(said.word, word);
    EXPECT_EQ(said.at, kNow);
  }
  EXPECT_EQ(said_by(std::nullopt).word, Word::ended);
  EXPECT_EQ(said_by("?12").word, Word::ended);
  EXPECT_EQ(said_by("f").word, Word::fired);
}

TEST(JournalRecord, AnEventIsReadAsItWas) {
  Event event;
  event.id = kId;
  event.topic = "t";
  event.body = R"({"a":1})";
  event.headers = {{"h", "v"}};
  event.due_at = event.fire_at = kNow;
  const auto read = event_of(value_of(event));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->body, event.body);
  EXPECT_EQ(read->headers, event.headers);
  EXPECT_EQ(read->due_at, kNow);
  EXPECT_FALSE(event_of("rubbish"));
}

}  // namespace
}  // namespace schedules::journal
