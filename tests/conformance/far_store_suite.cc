// Far store, alone and with the near store of the same place: semantics S9, each step repeated as after a crash.
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

using namespace std::chrono_literals;

TEST_P(FarStoreTest, EveryFieldComesBack) {
  open();
  Event event = full_event(1);
  event.fire_at = event.due_at = now() + 100h;
  ASSERT_EQ(put_far({event}).front().result, PutResult::created);
  const auto page = due_before(now() + 200h);
  ASSERT_EQ(page.events.size(), 1U);
  expect_same(page.events.front(), event);
  EXPECT_EQ(get(event.id)->tier, Tier::far);
}

TEST_P(FarStoreTest, DueBeforeGoesOldestFirst) {
  open();
  put_far({sample_event(1, 3h), sample_event(2, 1h), sample_event(3, 2h), sample_event(4, 4h)});
  EXPECT_EQ(ids_of(due_before(now() + 3h).events), sample_ids({2, 3, 1}));
  const auto page = due_before(now() + 3h, 2);
  EXPECT_EQ(ids_of(page.events), sample_ids({2, 3}));
  EXPECT_TRUE(page.more);
  EXPECT_FALSE(due_before(now() + 3h, 3).more);
  EXPECT_TRUE(due_before(now() + 59min).events.empty());
}

TEST_P(FarStoreTest, PutIsIfAbsent) {
  open();
  put_far({sample_event(1, 50h)});
  Event other = sample_event(1, 60h);
  other.fingerprint = 5;
  EXPECT_EQ(put_far({sample_event(1, 50h)}).front().result, PutResult::exists);
  EXPECT_EQ(put_far({other}).front().result, PutResult::conflict);
}

TEST_P(FarStoreTest, FarIsNotInTheWindow) {
  open();
  put_far({sample_event(1, 1s)});
  EXPECT_TRUE(window(100h).entries.empty());
}

TEST_P(FarStoreTest, EachStepOfATransferMayBeRepeated) {
  open();
  put_far({sample_event(1, 30h), sample_event(2, 31h)});
  for (int round = 0; round < 2; ++round) {
    // Two stores both count them until they are marked.
    const uint64_t both_counted = GetParam().one_store || round > 0 ? 2 : 4;
    const auto page = due_before(now() + 48h);
    put(round == 0 ? page.events : std::vector{sample_event(1, 30h), sample_event(2, 31h)}, PutMode::from_far_store);
    EXPECT_EQ(counts().pending, both_counted);
    reopen();
    put({sample_event(1, 30h), sample_event(2, 31h)}, PutMode::from_far_store);
    EXPECT_EQ(counts().pending, both_counted);
    mark_transferred(sample_ids({1, 2}));
    reopen();
    mark_transferred(sample_ids({1, 2}));
    EXPECT_EQ(counts().pending, 2U);
  }
  EXPECT_TRUE(due_before(now() + 100h).events.empty());
  EXPECT_EQ(ids_of(window(100h).entries), sample_ids({1, 2}));
  EXPECT_EQ(get(sample_id(1))->tier, Tier::near);
}

TEST_P(FarStoreTest, LateTransferDoesNotBringBackWhatIsFinished) {
  open();
  put_far({sample_event(1, 1s), sample_event(2, 1s)});
  const auto events = due_before(now() + 48h).events;
  put(events, PutMode::from_far_store);
  clock.advance(2s);
  const auto begun = begin_due();
  ASSERT_EQ(begun.size(), 2U);
  settle({begun[0]}, State::fired);
  const auto outcomes = put(events, PutMode::from_far_store);
  EXPECT_EQ(outcomes[0].result, PutResult::exists);
  EXPECT_EQ(outcomes[1].result, PutResult::exists);
  mark_transferred(ids_of(events));
  EXPECT_EQ(get(begun[0].id)->state, State::fired);
  EXPECT_EQ(get(begun[1].id)->state, State::in_flight);
  EXPECT_TRUE(begin_due().empty());
}

TEST_P(FarStoreTest, CancelledBetweenReadAndPutStaysCancelled) {
  open();
  put_far({sample_event(1, 30h)});
  const auto events = due_before(now() + 48h).events;
  ASSERT_EQ(cancel(sample_id(1)).result, ChangeResult::done);
  EXPECT_EQ(put(events, PutMode::from_far_store).front().result, PutResult::exists);
  mark_transferred(ids_of(events));
  EXPECT_EQ(get(sample_id(1))->state, State::cancelled);
  EXPECT_TRUE(window(100h).entries.empty());
}

TEST_P(FarStoreTest, ChangedBetweenReadAndPutMovesAsChanged) {
  open();
  put_far({sample_event(1, 30h)});
  const auto events = due_before(now() + 48h).events;
  Event changed = events.front();
  changed.due_at = changed.fire_at = now() + 40h;
  changed.body = R"({"changed":true})";
  ASSERT_EQ(change(changed).result, ChangeResult::done);
  put(events, PutMode::from_far_store);
  mark_transferred(ids_of(events));
  const auto stored = get(sample_id(1));
  EXPECT_EQ(stored->event.body, changed.body);
  EXPECT_EQ(stored->event.fire_at, changed.fire_at);
  EXPECT_EQ(stored->event.revision, 2U);
}

TEST_P(FarStoreTest, MarkTransferredLeavesWhatWasChangedSince) {
  open();
  put_far({sample_event(1, 30h), sample_event(2, 30h)});
  auto events = due_before(now() + 48h).events;
  ASSERT_EQ(events.size(), 2U);
  events[0].body = R"({"changed":true})";
  ASSERT_EQ(change(events[0]).result, ChangeResult::done);
  mark_transferred(ids_of(events));
  EXPECT_EQ(ids_of(due_before(now() + 48h).events), std::vector{events[0].id});
  mark_transferred({events[0].id}, 2);
  EXPECT_TRUE(due_before(now() + 48h).events.empty());
}

TEST_P(FarStoreTest, MarkTransferredOfUnknownIdsIsDone) {
  open();
  put_one(sample_event(1));
  mark_transferred(sample_ids({1, 2}));
  EXPECT_EQ(counts().pending, 1U) << "a near event is not the far store's";
}

TEST_P(FarStoreTest, FindMergesBothTiers) {
  if (!GetParam().one_store) GTEST_SKIP() << "two stores are merged by who asks them";
  open();
  put({sample_event(1, 1h), sample_event(3, 30h)});
  put_far({sample_event(2, 25h), sample_event(4, 50h)});
  EXPECT_EQ(ids_of(find_all({}, 1)), sample_ids({1, 2, 3, 4}));
  EXPECT_EQ(find({}, 10).events[1].tier, Tier::far);
}

TEST_P(FarStoreTest, TierCatalogsSeeTheirOwnOnly) {
  open();
  put({sample_event(1, 1h)});
  put_far({sample_event(2, 25h)});
  const auto count = [](EventCatalog& catalog) {
    return await<TierCounts>([&](auto done) { catalog.counts(std::move(done)); }).value();
  };
  EXPECT_EQ(count(*stores.near_catalog).pending, 1U);
  EXPECT_EQ(count(*stores.far_catalog).next_fire_at, now() + 25h);
  const auto cancel_in = [&](EventCatalog& catalog, uint64_t n) {
    return await<std::vector<Changed>>(
               [&](auto done) { catalog.cancel({CancelRequest{.id = sample_id(n), .at = now()}}, std::move(done)); })
        .value()
        .front()
        .result;
  };
  EXPECT_EQ(cancel_in(*stores.near_catalog, 2), ChangeResult::not_found);
  EXPECT_EQ(cancel_in(*stores.far_catalog, 1), ChangeResult::not_found);
  EXPECT_EQ(cancel_in(*stores.far_catalog, 2), ChangeResult::done);
  EXPECT_EQ(cancel_in(*stores.near_catalog, 2), ChangeResult::not_found);
  EXPECT_EQ(cancel_in(*stores.near_catalog, 1), ChangeResult::done);
}

TEST_P(FarStoreTest, ChangeMovesBetweenTheTiers) {
  if (!GetParam().one_store) GTEST_SKIP() << "the next transfer moves it";
  open();
  put_far({sample_event(1, 50h)});
  Event event = get(sample_id(1))->event;
  event.due_at = event.fire_at = now() + 10s;
  ASSERT_EQ(change(event).current->tier, Tier::near);
  EXPECT_EQ(ids_of(window(60s).entries), sample_ids({1}));
  event.revision = 2;
  event.due_at = event.fire_at = now() + 60h;
  ASSERT_EQ(change(event).current->tier, Tier::far);
  EXPECT_TRUE(window(100h).entries.empty());
  EXPECT_EQ(ids_of(due_before(now() + 60h).events), sample_ids({1}));
}

}  // namespace schedules::testing
