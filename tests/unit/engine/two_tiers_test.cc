// Near and far as different stores: one event has one fate, whatever a transfer does at that moment.
#include "engine/two_tiers.h"
#include "engine/local_guard.h"

#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {

using namespace std::chrono_literals;

/// The far store, whose answers may be held and whose changes may be refused.
class SlowFar final : public FarStore, public EventCatalog {
 public:
  explicit SlowFar(MemoryEvents& rows) : rows_(rows) {}
  void put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) override {
    rows_.put(std::move(events), std::move(done));
  }
  void due_before(TimePoint until, size_t limit, Done<FarPage> done) override {
    rows_.due_before(until, limit, later<FarPage>(std::move(done)));
  }
  void mark_transferred(std::vector<FarRevision> moved, Done<void> done) override {
    rows_.mark_transferred(std::move(moved), std::move(done));
  }
  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override {
    rows_.get(std::move(ids), std::move(done));
  }
  void find(FindRequest request, Done<EventPage> done) override { rows_.find(std::move(request), std::move(done)); }
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override {
    if (before_cancel) std::exchange(before_cancel, {})();
    rows_.cancel(std::move(requests), std::move(done));
  }
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override {
    if (refuses) return done(fail(Code::unavailable, "away"));
    rows_.change(std::move(events), later<std::vector<Changed>>(std::move(done)));
  }
  void counts(Done<TierCounts> done) override { rows_.counts(std::move(done)); }
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override {
    rows_.count_slots(slots, std::move(done));
  }
  void let_go() {
    hold = false;
    for (auto& answer : std::exchange(held_, {})) answer();
  }
  std::move_only_function<void()> before_cancel;
  bool refuses = false;
  bool hold = false;

 private:
  template <class T>
  Done<T> later(Done<T> done) {
    return [this, done = std::move(done)](Result<T> answer) mutable {
      if (!hold) return done(std::move(answer));
      held_.emplace_back([done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
    };
  }
  MemoryEvents& rows_;
  std::vector<Task> held_;
};

class TwoTiersTest : public EngineFixture {
 protected:
  TwoTiersTest() { open(events, events, slow, slow); }
  ~TwoTiersTest() override { engine.reset(); }

  /// An engine on these in place of the one before.
  template <class Far>
  void open(NearStore& near, FarGuard& guard, Far& far_store, EventCatalog& far_catalog) {
    engine.reset();
    engine = std::make_unique<Engine>(EnginePorts{.clock = clock,
                                                  .random = *random,
                                                  .near = near,
                                                  .near_catalog = events,
                                                  .far = far_store,
                                                  .far_catalog = far_catalog,
                                                  .near_tier = events,
                                                  .far_tier = far_store,
                                                  .schedules = schedules,
                                                  .dead_letters = schedules,
                                                  .sinks = sinks,
                                                  .log = log,
                                                  .probe = probe,
                                                  .coordinator = coordinator,
                                                  .guard = &guard},
                                      options);
    engine->tick();
  }

  Event keyed(std::string key, Duration in, std::string body = "{}") const {
    Event made = event("t", in);
    made.idempotency_key = std::move(key);
    made.body = std::move(body);
    made.fingerprint = fingerprint_of(made, "same");
    return made;
  }
  ChangeAnswer cancel(const EventId& id) {
    std::optional<ChangeAnswer> answer;
    engine->events().cancel(id, {}, 0ms, [&](Result<ChangeAnswer> got) { answer = std::move(got.value()); });
    engine->tick();
    return answer.value();
  }
  ChangeAnswer move_to(const EventId& id, Duration in) {
    std::optional<ChangeAnswer> answer;
    engine->events().change(
        id, {},
        [due = clock.wall() + in](Event& one) {
          one.due_at = due;
          return Status{};
        },
        [&](Result<ChangeAnswer> got) { answer = std::move(got.value()); });
    engine->tick();
    return answer.value();
  }
  /// What a transfer that has read its page, and is slow, does next.
  PutOutcome bring_near(Event one) {
    std::optional<PutOutcome> outcome;
    std::vector<Event> list{std::move(one)};
    events.put(std::move(list), PutMode::from_far_store,
               [&](Result<std::vector<PutOutcome>> got) { outcome = std::move(got->front()); });
    return outcome.value();
  }

  [[nodiscard]] bool transferred(const EventId& id) {
    engine->transfer_now([](const Result<uint64_t>&) {});
    engine->tick();
    return events.look(id) != nullptr;
  }

  MemoryEvents far{clock};
  SlowFar slow{far};
};

TEST_F(TwoTiersTest, AFarEventIsTransferredAndFiresOnce) {
  const auto id = accept(event("t", 30h)).stored.event.id;
  ASSERT_NE(far.look(id), nullptr);
  ASSERT_EQ(events.look(id), nullptr);
  run_for(31h);
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(TwoTiersTest, OneKeyIsOneEventAcrossBothTiers) {
  const auto first = accept(keyed("k", 30 * 24h));
  const auto again = accept(keyed("k", 1h));
  EXPECT_EQ(again.result, PutResult::exists);
  EXPECT_EQ(again.stored.event.due_at, first.stored.event.due_at);
  EXPECT_EQ(events.waiting(), 0U);
}

TEST_F(TwoTiersTest, AnotherBodyUnderTheSameKeyIsAConflictAcrossBothTiers) {
  accept(keyed("k", 30 * 24h));
  const auto other = accept(keyed("k", 1h, R"({"n":2})"));
  ASSERT_TRUE(other.error);
  EXPECT_EQ(other.error->code, Code::idempotency_conflict);
  const auto far_again = accept(keyed("k", 40 * 24h, R"({"n":2})"));
  ASSERT_TRUE(far_again.error);
}

TEST_F(TwoTiersTest, AClaimWhoseFarPutNeverEndedIsTaken) {
  Event lost = keyed("k", 30 * 24h);
  events.claim({FarClaim{derived_id("idempotency-key:k"), lost.fingerprint, clock.wall() + 60 * 24h}},
               [](const Result<std::vector<PutOutcome>>&) {});
  const auto again = accept(keyed("k", 1h));
  EXPECT_EQ(again.result, PutResult::created);
  run_for(2h);
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(TwoTiersTest, AFarKeyFirstPutNearIsNotPutFar) {
  const auto first = accept(keyed("k", 1h));
  const auto again = accept(keyed("k", 30 * 24h));
  EXPECT_EQ(again.result, PutResult::exists);
  EXPECT_EQ(again.stored.event.id, first.stored.event.id);
  EXPECT_EQ(far.waiting(), 0U);
}

TEST_F(TwoTiersTest, WhatWasCancelledFarDoesNotComeNearAfterwards) {
  const auto id = accept(event("t", 30 * 24h)).stored.event.id;
  const Event read = far.look(id)->event;  // a transfer has read its page
  EXPECT_EQ(cancel(id).result, ChangeResult::done);
  bring_near(read);
  run_for(31 * 24h);
  EXPECT_TRUE(sink.delivered.empty());
}

TEST_F(TwoTiersTest, WhatCameNearBeforeItWasCancelledFarIsCancelledNear) {
  const auto id = accept(event("t", 30 * 24h)).stored.event.id;
  bring_near(far.look(id)->event);
  EXPECT_EQ(cancel(id).result, ChangeResult::done);
  run_for(31 * 24h);
  EXPECT_TRUE(sink.delivered.empty());
}

TEST_F(TwoTiersTest, WhatComesNearWhileItIsCancelledIsCancelledNear) {
  const auto id = accept(event("t", 30 * 24h)).stored.event.id;
  slow.before_cancel = [this, read = far.look(id)->event] {  // near has just said that it is not there
    bring_near(read);
    far.mark_transferred({{read.id, read.revision}}, [](const Result<void>& marked) { EXPECT_TRUE(marked); });
  };
  EXPECT_EQ(cancel(id).result, ChangeResult::done);
  run_for(31 * 24h);
  EXPECT_TRUE(sink.delivered.empty());
}

TEST_F(TwoTiersTest, WhatWasMovedFarFiresAtItsNewTimeOnly) {
  const auto id = accept(event("t", 30 * 24h)).stored.event.id;
  const Event read = far.look(id)->event;
  EXPECT_EQ(move_to(id, 40 * 24h).result, ChangeResult::done);
  EXPECT_EQ(bring_near(read).result, PutResult::conflict);
  run_for(35 * 24h);
  EXPECT_TRUE(sink.delivered.empty());
  run_for(6 * 24h);
  EXPECT_EQ(sink.delivered.size(), 1U);
}

TEST_F(TwoTiersTest, WhatCameNearBeforeItWasMovedFarIsMovedNear) {
  const auto id = accept(event("t", 30 * 24h)).stored.event.id;
  bring_near(far.look(id)->event);
  const auto moved = move_to(id, 40 * 24h);
  EXPECT_EQ(moved.result, ChangeResult::done);
  ASSERT_TRUE(moved.current);
  EXPECT_EQ(moved.current->tier, Tier::near);
  run_for(35 * 24h);
  EXPECT_TRUE(sink.delivered.empty());
  run_for(6 * 24h);
  EXPECT_EQ(sink.delivered.size(), 1U);
}

/// Near is this process's own: the guard remembers nothing of the store's.
class LocalGuardTest : public TwoTiersTest {
 protected:
  LocalGuardTest() { open(local, local, far, far); }
  ~LocalGuardTest() override { engine.reset(); }
  PutOutcome bring_near(Event one) {
    std::optional<PutOutcome> outcome;
    std::vector<Event> list{std::move(one)};
    local.put(std::move(list), PutMode::from_far_store,
              [&](Result<std::vector<PutOutcome>> got) { outcome = std::move(got->front()); });
    return outcome.value();
  }
  LocalGuard local{events, events, clock};
};

TEST_F(LocalGuardTest, OneKeyIsOneEventAcrossBothTiers) {
  const auto first = accept(keyed("k", 30 * 24h));
  const auto again = accept(keyed("k", 1h));
  EXPECT_EQ(again.result, PutResult::exists);
  EXPECT_EQ(again.stored.event.due_at, first.stored.event.due_at);
  EXPECT_TRUE(accept(keyed("k", 1h, R"({"n":2})")).error);
  EXPECT_EQ(accept(keyed("near", 1h)).result, PutResult::created);
  EXPECT_EQ(accept(keyed("near", 30 * 24h)).result, PutResult::exists);
}

TEST_F(LocalGuardTest, WhatWasCancelledOrMovedFarDoesNotComeNearAsItWas) {
  const auto id = accept(event("t", 30 * 24h)).stored.event.id;
  const Event read = far.look(id)->event;
  EXPECT_EQ(move_to(id, 40 * 24h).result, ChangeResult::done);
  EXPECT_EQ(bring_near(read).result, PutResult::conflict);
  const Event moved = far.look(id)->event;
  EXPECT_EQ(cancel(id).result, ChangeResult::done);
  EXPECT_EQ(bring_near(moved).result, PutResult::conflict);
  run_for(41 * 24h);
  EXPECT_TRUE(sink.delivered.empty());
}

TEST_F(TwoTiersTest, SlotsCountBothTiers) {
  for (const auto in : {10min, 20min, 90min}) accept(event("near", in));
  for (const Duration in : {Duration(24h + 30min), Duration(30h)}) accept(event("far", in));
  const auto count = [&](TimeSlots slots) {
    std::optional<std::vector<SlotCount>> counted;
    engine->events().count_slots(slots, [&](Result<std::vector<SlotCount>> got) { counted = std::move(got.value()); });
    return counted.value();
  };
  const auto counted = count({clock.wall(), 1h, 31});
  EXPECT_EQ(counted[0], (SlotCount{.count = 2, .more = false}));
  EXPECT_EQ(counted[1], (SlotCount{.count = 1, .more = false}));
  EXPECT_EQ(counted[24], (SlotCount{.count = 1, .more = false}));
  EXPECT_EQ(counted[30], (SlotCount{.count = 1, .more = false}));
  EXPECT_EQ(count({clock.wall() - 10h, 50h, 1}).front().count, 5U);
}

/// Of a store that is away.
class AwayCatalog final : public EventCatalog {
 public:
  void get(std::vector<EventId>, Done<std::vector<std::optional<StoredEvent>>> done) override { done(fail(away_)); }
  void find(FindRequest, Done<EventPage> done) override { done(fail(away_)); }
  void cancel(std::vector<CancelRequest>, Done<std::vector<Changed>> done) override { done(fail(away_)); }
  void change(std::vector<Event>, Done<std::vector<Changed>> done) override { done(fail(away_)); }
  void counts(Done<TierCounts> done) override { done(fail(away_)); }
  void count_slots(TimeSlots, Done<std::vector<SlotCount>> done) override { done(fail(away_)); }

 private:
  const Error away_{.code = Code::unavailable, .detail = "away"};
};

TEST_F(TwoTiersTest, SlotsOfTheNearTierAloneMayBeMore) {
  AwayCatalog away;
  open(events, events, far, away);
  accept(event("near", 10min));
  std::optional<std::vector<SlotCount>> counted;
  engine->events().count_slots({clock.wall(), 1h, 2},
                               [&](Result<std::vector<SlotCount>> got) { counted = std::move(got.value()); });
  EXPECT_EQ(counted.value(), (std::vector<SlotCount>{{.count = 1, .more = true}, {.count = 0, .more = true}}));
  engine.reset();
}

TEST_F(TwoTiersTest, AFarChangeThatBreaksOffHoldsItsEventForAMinute) {
  const auto id = accept(event("t", 47h)).stored.event.id;
  slow.refuses = true;
  engine->events().change(
      id, {}, [](Event&) { return Status{}; }, [](const Result<ChangeAnswer>& changed) { EXPECT_FALSE(changed); });
  engine->tick();
  EXPECT_FALSE(transferred(id));
  clock.advance(61s);
  EXPECT_TRUE(transferred(id));
}

// As a leader that was paused: it has been changed meanwhile, and is held back no longer.
TEST_F(TwoTiersTest, WhatWasReadFarLongAgoIsReadAnew) {
  const auto id = accept(event("t", 47h)).stored.event.id;
  slow.hold = true;
  EXPECT_FALSE(transferred(id));
  clock.advance(21s);
  slow.let_go();
  engine->tick();
  EXPECT_EQ(events.look(id), nullptr);
  clock.advance(1s);
  EXPECT_TRUE(transferred(id));
}

TEST_F(TwoTiersTest, AFarChangeThatTookLongIsHeldBackAnew) {
  const auto id = accept(event("t", 47h)).stored.event.id;
  const Event read = far.look(id)->event;
  slow.hold = true;
  engine->events().change(
      id, {}, [](Event&) { return Status{}; }, [](const Result<ChangeAnswer>& changed) { EXPECT_TRUE(changed); });
  engine->tick();
  clock.advance(50s);
  slow.let_go();
  engine->tick();
  clock.advance(15s);
  EXPECT_EQ(bring_near(read).result, PutResult::conflict);
}

}  // namespace schedules::testing
