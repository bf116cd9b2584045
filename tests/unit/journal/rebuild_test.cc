// Filling a shard's stores from the journal.
#include <gtest/gtest.h>

#include <future>

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
  void read(uint32_t, Done<JournalMark> done) override {
    const std::scoped_lock lock(mutex);
    done(mark);
  }
  void begin_filling(uint32_t, uint64_t epoch, Done<void> done) override {
    const std::scoped_lock lock(mutex);
    filling = epoch;
    done({});
  }
  void note_filled(uint32_t, uint64_t epoch, std::string store, int64_t from, Done<void> done) override {
    const std::scoped_lock lock(mutex);
    if (filling != epoch) return done(fail(Code::conflict, "lost again"));
    mark.filled = std::move(store);
    if (!mark.unsettled_from) mark.unsettled_from = from;
    done({});
  }
  void note_unsettled_from(uint32_t, uint64_t, int64_t, Done<void> done) override { done({}); }
  void lose() {
    const std::scoped_lock lock(mutex);
    mark.filled.clear();
    filling.reset();
  }

  std::mutex mutex;
  JournalMark mark{.store = "first", .filled = "", .unsettled_from = std::nullopt};
  std::optional<uint64_t> filling;
};

class RebuildTest : public ::testing::Test {
 protected:
  SystemClock clock_;
  testing::MemoryEvents near_{clock_};
  testing::MemoryEvents far_{clock_};
  testing::MemoryJournal journal_;
  MemoryMarks marks_;
  std::mutex mutex_;
  std::vector<std::pair<uint32_t, uint64_t>> fenced_;
  size_t read_before_fence_ = 0;
  Status fence_answers_;
  std::function<void()> before_put_ = [] {};

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
            .fence =
                [this](uint32_t shard, uint64_t epoch) {
                  const std::scoped_lock lock(mutex_);
                  read_before_fence_ = journal_.replay_count;
                  fenced_.emplace_back(shard, epoch);
                  return fence_answers_;
                },
            .put_back =
                [this](uint64_t filling, std::vector<Event> events, Done<std::vector<PutOutcome>> done) {
                  const std::scoped_lock lock(mutex_);
                  before_put_();
                  if (marks_.filling != filling) return done(fail(Code::conflict, "lost again"));
                  near_.put(std::move(events), PutMode::if_absent, std::move(done));
                },
            .far = far_,
            .clock = clock_,
            .horizon = hours(24),
            .late = late,
            .changed = {}};
  }
  static Status ensure(Rebuild& rebuild, uint64_t epoch = 5) {
    return await<void>([&](Done<void> done) { rebuild.ensure(3, epoch, std::move(done)); });
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
  EXPECT_EQ(journal_.replays.at(0), std::make_tuple(3U, int64_t{0}, int64_t{0}));
  EXPECT_EQ(marks_.mark.unsettled_from, 77) << "what ended before is not in it";
  EXPECT_FALSE(rebuild.figures().under_way());
}

TEST_F(RebuildTest, WhoeverOwnedItBeforeIsFencedFirst) {
  hold("a", hours(1));
  Rebuild rebuild(ports());
  ASSERT_TRUE(ensure(rebuild, 9));
  EXPECT_EQ(fenced_, (std::vector<std::pair<uint32_t, uint64_t>>{{3, 9}}));
  EXPECT_EQ(read_before_fence_, 0U) << "what is read before the fence is not final";
}

TEST_F(RebuildTest, WhereTheFenceFailsNothingIsRead) {
  hold("a", hours(1));
  fence_answers_ = fail(Code::unavailable, "no broker");
  Rebuild rebuild(ports());
  EXPECT_FALSE(ensure(rebuild));
  EXPECT_TRUE(journal_.replays.empty());
  EXPECT_TRUE(marks_.mark.filled.empty());
}

TEST_F(RebuildTest, WhatIsLostAgainWhileItIsFilledIsNotSaidToBeWhole) {
  hold("a", hours(1));
  before_put_ = [this] { marks_.lose(); };
  Rebuild rebuild(ports());
  EXPECT_EQ(ensure(rebuild).error().code, Code::conflict);
  EXPECT_TRUE(marks_.mark.filled.empty());
  EXPECT_EQ(near_.waiting(), 0U);
  EXPECT_EQ(rebuild.figures().shards_filled, 0U);
}

TEST_F(RebuildTest, WhereOneCannotBePutBackItIsNotSaidToBeWhole) {
  hold("a", hours(1));
  auto with = ports();
  with.put_back = [](uint64_t, const std::vector<Event>&, Done<std::vector<PutOutcome>> done) {
    done(std::vector<PutOutcome>{{.error = Error{.code = Code::disk_full, .detail = "no room"}}});
  };
  Rebuild rebuild(std::move(with));
  EXPECT_EQ(ensure(rebuild).error().code, Code::disk_full);
  EXPECT_TRUE(marks_.mark.filled.empty());
}

TEST_F(RebuildTest, WhatIsLostAfterTheLastPutIsNotSaidToBeWhole) {
  class Lost final : public Journal {
   public:
    explicit Lost(MemoryMarks& marks) : marks_(marks) {}
    void append(std::vector<Event>, bool, Done<void> done) override { done({}); }
    void forget(std::vector<EventId>, Done<void> done) override { done({}); }
    Result<ReplayProgress> replay(uint32_t, ReplayFrom, const Replay&) override {
      marks_.lose();
      return ReplayProgress{};
    }

   private:
    MemoryMarks& marks_;
  } lost(marks_);
  auto with = ports();
  Rebuild rebuild({.journal = lost,
                   .marks = marks_,
                   .fence = [](uint32_t, uint64_t) { return Status{}; },
                   .put_back = with.put_back,
                   .far = far_,
                   .clock = clock_,
                   .horizon = hours(24),
                   .changed = {}});
  EXPECT_EQ(ensure(rebuild).error().code, Code::conflict);
  EXPECT_TRUE(marks_.mark.filled.empty());
}

TEST_F(RebuildTest, AnOlderLeaseOfAShardThatWaitsIsAnsweredAndGivesWay) {
  std::promise<void> go;
  auto held = go.get_future().share();
  auto with = ports();
  with.side_by_side = 1;
  with.fence = [held](uint32_t shard, uint64_t) {
    if (shard == 1) held.wait();
    return Status{};
  };
  Rebuild rebuild(std::move(with));
  rebuild.ensure(1, 1, [](const Result<void>&) {});
  std::vector<std::string> answers;
  const auto note = [&](std::string name) {
    return [&answers, name = std::move(name)](const Result<void>& answer) {
      answers.push_back(name + (answer ? " filled" : " gave way"));
    };
  };
  rebuild.ensure(3, 5, note("older"));
  EXPECT_GE(rebuild.figures().waiting, 1U);
  rebuild.ensure(3, 6, note("newer"));
  EXPECT_EQ(answers, std::vector<std::string>{"older gave way"});
  go.set_value();
  ASSERT_TRUE(await<void>([&](Done<void> done) { rebuild.ensure(4, 7, std::move(done)); }));
  EXPECT_EQ(answers, (std::vector<std::string>{"older gave way", "newer filled"})) << "who waited longest comes first";
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
                   .fence = with.fence,
                   .put_back = with.put_back,
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
  EXPECT_EQ(journal_.replays.at(1), std::make_tuple(3U, int64_t{70}, int64_t{77}))
      << "hands on from where the first one ended, and knows of recent ends";
}

}  // namespace
}  // namespace schedules
