// The far store's decisions without a server: which row of an event counts, and what a group of calls makes of it.
#include "store/clickhouse/far_group.h"

#include <gtest/gtest.h>

namespace schedules {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = from_micros(1'767'225'600'000'000);
constexpr Duration kDay = 24h;

Event event(uint64_t revision = 1, Duration in = 30h) {
  Event made;
  made.id = derived_id("event");
  made.topic = "t";
  made.due_at = made.fire_at = kNow + in;
  made.created_at = kNow;
  made.fingerprint = 7;
  made.revision = revision;
  return made;
}

FarRow row(const FarVersion& version, FarStatus status = FarStatus::pending, Duration in = 30h, uint64_t node = 1) {
  FarRow made{.event = event(version.revision, in), .status = status};
  made.version = version.at(kNow, node);
  return made;
}

FarSlots slots(std::vector<FarRow> rows) {
  FarSlots made;
  for (auto& one : rows) made[one.event.id].rows.push_back(std::move(one));
  return made;
}

FarGroup group(std::vector<FarRow> rows = {}) { return {slots(std::move(rows)), kNow, 1, kDay}; }

TEST(FarVersionTest, PartsComeBack) {
  const FarVersion version{.life = 3, .ended = true, .revision = 70'000, .rank = 1};
  const auto back = FarVersion::of(version.at(kNow, UINT64_MAX));
  EXPECT_EQ(back.life, 3);
  EXPECT_TRUE(back.ended);
  EXPECT_EQ(back.revision, 70'000U);
  EXPECT_EQ(back.rank, 1);
}

TEST(FarVersionTest, WhatOutranksWhat) {
  const uint64_t pending = FarVersion{.revision = 2}.at(kNow, 0xfff);
  const uint64_t transferred = FarVersion{.revision = 2, .rank = 1}.at(kNow + 10s, 0);
  const uint64_t next = FarVersion{.revision = 3}.at(kNow + 20s, 0);
  const uint64_t cancelled = FarVersion{.ended = true, .revision = 1}.at(kNow, 0);
  const uint64_t reborn = FarVersion{.life = 1, .revision = 1}.at(kNow, 0);
  EXPECT_LT(pending, transferred);
  EXPECT_LT(transferred, next) << "a transfer of an older revision does not hide a newer";
  EXPECT_LT(next, cancelled) << "a cancel outranks any change";
  EXPECT_LT(cancelled, reborn);
}

TEST(FarVersionTest, TheEarlierOfOneRevisionWinsAndAClosedRowOutranksOnlyItself) {
  const FarVersion version{.revision = 2};
  EXPECT_GT(version.at(kNow, 0), version.at(kNow + 1ms, 0xfff));
  EXPECT_NE(version.at(kNow, 1), version.at(kNow, 2));
  const uint64_t lower = std::min(version.at(kNow, 1), version.at(kNow, 2));
  const uint64_t higher = std::max(version.at(kNow, 1), version.at(kNow, 2));
  EXPECT_GT(FarVersion::closing(lower), lower);
  EXPECT_LT(FarVersion::closing(lower), higher);
  EXPECT_LT(FarVersion::closing(higher), (FarVersion{.revision = 2, .rank = 1}.at(kNow + 1h, 0)));
}

TEST(FarGroupTest, AChangeOfDueTimeWritesTheNewRowAndClosesTheOldLast) {
  auto made = group({row({.revision = 1})});
  Event moved = event(1, 40h);
  EXPECT_EQ(made.change(moved).result, ChangeResult::done);
  ASSERT_EQ(made.rows().size(), 1U);
  EXPECT_EQ(made.rows().front()->event.due_at, moved.due_at);
  EXPECT_EQ(made.rows().front()->event.revision, 2U);
  EXPECT_EQ(made.pointers().size(), 1U);
  ASSERT_EQ(made.closings().size(), 1U);
  EXPECT_EQ(made.closings().front()->event.due_at, kNow + 30h);
  EXPECT_EQ(made.closings().front()->status, FarStatus::skipped);
}

TEST(FarGroupTest, BackAndForthInOneGroupLeavesTheLastOpen) {
  auto made = group({row({.revision = 1})});
  EXPECT_EQ(made.change(event(1, 40h)).result, ChangeResult::done);
  EXPECT_EQ(made.change(event(2, 30h)).result, ChangeResult::done);
  ASSERT_EQ(made.rows().size(), 2U);
  for (const FarRow* one : made.rows()) {
    EXPECT_EQ(one->status, one->event.due_at == kNow + 30h ? FarStatus::pending : FarStatus::skipped);
  }
  EXPECT_TRUE(made.closings().empty());
}

TEST(FarGroupTest, AChangeKeepsTheCreationTimeAndSoThePartition) {
  auto made = group({row({.revision = 1})});
  Event changed = event(1, 40h);
  changed.created_at = kNow + 5h;
  EXPECT_EQ(made.change(changed).current->event.created_at, kNow);
}

TEST(FarGroupTest, WhatAnotherNodeMadeOfItOverrulesTheAnswer) {
  const auto id = event().id;
  auto made = group({row({.revision = 1})});
  EXPECT_EQ(made.change(event(1, 40h)).result, ChangeResult::done);
  EXPECT_EQ(made.contested(), std::vector{id});
  made.compare(slots({*made.rows().front()}));
  EXPECT_FALSE(made.lost(id)) << "as it was written";

  FarRow earlier = row({.revision = 2}, FarStatus::pending, 50h);
  earlier.version = FarVersion{.revision = 2}.at(kNow - 5ms, 1);
  made.compare(slots({*made.rows().front(), earlier}));
  EXPECT_EQ(made.lost(id)->result, ChangeResult::revision_conflict);
  EXPECT_EQ(made.lost(id)->current->event.due_at, kNow + 50h);

  auto again = group({row({.revision = 1})});
  again.change(event(1, 40h));
  FarRow cancelled = row({.ended = true, .revision = 1}, FarStatus::cancelled);
  cancelled.outcome.settled_at = kNow;
  again.compare(slots({*again.rows().front(), cancelled}));
  EXPECT_EQ(again.lost(id)->result, ChangeResult::already_finished);
  EXPECT_EQ(again.lost(id)->current->state, State::cancelled);
}

TEST(FarGroupTest, StraysAreClosedAndTheTruthIsNot) {
  const FarRow one = row({.revision = 2}, FarStatus::pending, 30h, 1);
  const FarRow two = row({.revision = 2}, FarStatus::pending, 40h, 2);
  auto made = group({one, two});
  made.close_strays(event().id);
  ASSERT_EQ(made.rows().size(), 1U);
  const FarRow& truth = one.version > two.version ? one : two;
  EXPECT_FALSE(made.rows().front()->same_key(truth));
  EXPECT_EQ(made.cancel({.id = event().id, .at = kNow}).current->event.due_at, truth.event.due_at);
}

TEST(FarGroupTest, ATransferEndsNoNewerRevision) {
  auto made = group({row({.revision = 2})});
  made.mark_transferred({event().id, 1});
  EXPECT_TRUE(made.rows().empty());
  made.mark_transferred({event().id, 2});
  ASSERT_EQ(made.rows().size(), 1U);
  EXPECT_EQ(made.rows().front()->status, FarStatus::transferred);
  EXPECT_EQ(made.cancel({.id = event().id, .at = kNow}).result, ChangeResult::not_found) << "it is near";
}

TEST(FarGroupTest, AnIdIsTakenWhileItWaitsIsRememberedOrIsNear) {
  FarRow cancelled = row({.ended = true, .revision = 1}, FarStatus::cancelled);
  cancelled.outcome.settled_at = kNow - 23h;
  EXPECT_EQ(group({row({.revision = 1})}).put(event()).result, PutResult::exists);
  EXPECT_EQ(group({cancelled}).put(event()).result, PutResult::exists);
  EXPECT_EQ(group({row({.revision = 1, .rank = 1}, FarStatus::transferred)}).put(event()).result, PutResult::exists);
  Event other = event();
  other.fingerprint = 8;
  EXPECT_EQ(group({cancelled}).put(other).result, PutResult::conflict);
  cancelled.outcome.settled_at = kNow - 25h;
  auto made = group({cancelled});
  EXPECT_EQ(made.put(event()).result, PutResult::created);
  EXPECT_EQ(FarVersion::of(made.rows().front()->version).life, 1);
  EXPECT_GT(made.rows().front()->version, cancelled.version);
}

}  // namespace
}  // namespace schedules
