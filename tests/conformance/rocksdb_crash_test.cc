// The marks of what is in flight, and what the next process makes of them.
#include <gtest/gtest.h>

#include <filesystem>

#include "store/crash_note.h"
#include "store/rocksdb/crash_marks.h"
#include "tests/conformance/rocksdb_place.h"

namespace schedules::testing {
namespace {

using rocks::CrashMarks;

bool all_wait(const EventId&) { return true; }

class CrashMarksTest : public ::testing::Test {
 protected:
  CrashMarksTest() {
    std::filesystem::create_directories(here);
    for (uint8_t i = 0; i < 2; ++i) ids[i].bytes[0] = static_cast<uint8_t>(i + 1);
  }
  /// The files as a process that dies now leaves them, for one that starts in another folder.
  void die() {
    const auto next = dir.path("run" + std::to_string(++runs));
    std::filesystem::copy(here, next);
    here = next;
  }
  std::unique_ptr<CrashMarks> open(int64_t second, const std::function<bool(const EventId&)>& waits = all_wait) {
    return CrashMarks::open(here, from_micros(second * 1'000'000), waits);
  }
  static size_t crashes(const CrashMarks& marks, const EventId& id, int64_t created_at_second = 0) {
    Event event;
    event.id = id;
    event.created_at = from_micros(created_at_second * 1'000'000);
    marks.note(event);
    marks.note(event);  // known already: not twice
    return crashes_of(event);
  }

  TemporaryDir dir;
  std::string here = dir.path("run0");
  int runs = 0;
  EventId ids[2];
};

TEST_F(CrashMarksTest, CountsOnlyWhatWasInFlight) {
  std::unique_ptr<CrashMarks> marks;
  for (int run = 0; run < 3; ++run) {
    auto next = open(run + 1);
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(crashes(*next, ids[0]), static_cast<size_t>(run));
    EXPECT_EQ(crashes(*next, ids[1]), 0U);
    next->mark(ids[0]);
    next->clear(next->mark(ids[1]));
    die();
    marks = std::move(next);
  }
  const auto last = open(9);
  EXPECT_EQ(crashes(*last, ids[0]), 3U);
  EXPECT_EQ(crashes(*last, ids[0], 10), 0U) << "redriven after the crashes";
}

TEST_F(CrashMarksTest, ACleanEndIsNoCrash) {
  open(1)->mark(ids[0]);
  EXPECT_EQ(crashes(*open(2), ids[0]), 0U);
}

TEST_F(CrashMarksTest, WhatDoesNotWaitAnyMoreIsForgotten) {
  const auto first = open(1);
  first->mark(ids[0]);
  die();
  EXPECT_EQ(crashes(*open(2), ids[0]), 1U);
  EXPECT_EQ(crashes(*open(3, [](const EventId&) { return false; }), ids[0]), 0U);
  EXPECT_EQ(crashes(*open(4), ids[0]), 0U);
}

TEST_F(CrashMarksTest, MoreThanThereIsRoomForIsNotMarked) {
  const auto marks = open(1);
  for (uint32_t i = 0; i < CrashMarks::kSlots; ++i) ASSERT_NE(marks->mark(ids[0]), CrashMarks::kNone);
  EXPECT_EQ(marks->mark(ids[1]), CrashMarks::kNone);
  marks->clear(CrashMarks::kNone);
  marks->clear(7);
  EXPECT_EQ(marks->mark(ids[1]), 7U);
}

}  // namespace
}  // namespace schedules::testing
