// Filling a shard's stores from the journal.
#include <gtest/gtest.h>

#include "base/await.h"
#include "journal/rebuild.h"
#include "tests/support/memory_events.h"
#include "tests/unit/journal/memory_journal.h"

namespace schedules {
namespace {

using std::chrono::hours;

/// Marks in memory.
class MemoryMarks final : public JournalMarks {
 public:
  void read(uint32_t, Done<JournalMark> done) override { done(mark); }
  void note_filled(uint32_t, std::string store, Done<void> done) override {
    mark.filled = std::move(store);
    done({});
  }
  void note_unsettled_from(uint32_t, int64_t offset, Done<void> done) override {
    mark.unsettled_from = offset;
    done({});
  }
  JournalMark mark{.store = "first", .filled = "", .unsettled_from = std::nullopt};
};

class RebuildTest : public ::testing::Test {
 protected:
  SystemClock clock_;
  testing::MemoryEvents near_{clock_};
  testing::MemoryEvents far_{clock_};
  testing::MemoryJournal journal_;
  MemoryMarks marks_;

  void hold(const std::string& name, Duration in) {
    Event event;
    event.id = derived_id(name);
    event.topic = "t";
    event.due_at = event.fire_at = clock_.wall() + in;
    journal_.held[event.id] = event;
  }
  Rebuild::Ports ports(Duration late = hours(1)) {
    return {.journal = journal_,
            .marks = marks_,
            .near = near_,
            .far = far_,
            .clock = clock_,
            .horizon = hours(24),
            .late = late,
            .changed = {}};
  }
  static Status ensure(Rebuild& rebuild) {
    return await<void>([&](Done<void> done) { rebuild.ensure(3, std::move(done)); });
  }
};

TEST_F(RebuildTest, AStoreThatIsWholeIsLeftAlone) {
  hold("a", hours(1));
  marks_.mark.filled = "first";
  Rebuild rebuild(ports());
  ASSERT_TRUE(ensure(rebuild));
  EXPECT_TRUE(journal_.replays.empty());
  EXPECT_EQ(near_.waiting(), 0U);
}

TEST_F(RebuildTest, ALostOneIsFilledNearAndFarAndNoted) {
  hold("near", hours(1));
  hold("far", hours(48));
  Rebuild rebuild(ports());
  ASSERT_TRUE(ensure(rebuild));
  EXPECT_NE(near_.look(derived_id("near")), nullptr);
  EXPECT_EQ(near_.look(derived_id("far")), nullptr);
  EXPECT_NE(far_.look(derived_id("far")), nullptr);
  EXPECT_EQ(marks_.mark.filled, "first");
  EXPECT_EQ(rebuild.figures().events_put_back, 2U);
  EXPECT_EQ(rebuild.figures().shards_filled, 1U);
  EXPECT_EQ(journal_.replays.at(0), std::make_pair(3U, int64_t{0}));
}

/// Knows every event as one that was moved near.
class MovedAway final : public FarStore {
 public:
  void put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) override {
    std::vector<PutOutcome> outcomes;
    for (auto& event : events) {
      outcomes.push_back({.result = PutResult::exists, .existing = StoredEvent{.event = event, .tier = Tier::near}});
    }
    done(std::move(outcomes));
  }
  void due_before(TimePoint, size_t, Done<FarPage> done) override { done(FarPage{}); }
  void mark_transferred(std::vector<FarRevision>, Done<void> done) override { done({}); }
};

TEST_F(RebuildTest, WhatWasMovedNearBeforeItWasLostThereIsPutBackThere) {
  hold("far", hours(48));
  MovedAway moved;
  auto with = ports();
  Rebuild rebuild({.journal = with.journal,
                   .marks = with.marks,
                   .near = with.near,
                   .far = moved,
                   .clock = with.clock,
                   .horizon = with.horizon,
                   .late = with.late,
                   .changed = {}});
  ASSERT_TRUE(ensure(rebuild));
  EXPECT_NE(near_.look(derived_id("far")), nullptr);
}

TEST_F(RebuildTest, AChangedStoreIsFilledAgain) {
  Rebuild rebuild(ports());
  ASSERT_TRUE(ensure(rebuild));
  ASSERT_TRUE(ensure(rebuild));
  EXPECT_EQ(journal_.replays.size(), 1U);
  marks_.mark.store = "second";
  ASSERT_TRUE(ensure(rebuild));
  EXPECT_EQ(journal_.replays.size(), 2U);
  EXPECT_EQ(marks_.mark.filled, "second");
}

TEST_F(RebuildTest, WithoutTheJournalTheShardDoesNotFire) {
  journal_.away = true;
  Rebuild rebuild(ports());
  EXPECT_FALSE(ensure(rebuild));
  EXPECT_TRUE(marks_.mark.filled.empty());
  journal_.away = false;
  EXPECT_TRUE(ensure(rebuild));
}

TEST_F(RebuildTest, WhatWasAppendedLateIsPutBackLater) {
  std::unique_ptr<Rebuild> rebuild = std::make_unique<Rebuild>(ports(std::chrono::milliseconds(1)));
  ASSERT_TRUE(ensure(*rebuild));
  while (journal_.replay_count < 2) std::this_thread::yield();
  rebuild.reset();
  EXPECT_EQ(journal_.replays.at(1), std::make_pair(3U, int64_t{77})) << "from where the first one ended";
}

}  // namespace
}  // namespace schedules
