// What an engine does when its leases come, lapse and go: it acts only under an epoch that holds at that moment.
#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {

using namespace std::chrono_literals;

/// Leases by hand.
class HandCoordinator final : public Coordinator {
 public:
  void start(Changed changed) override {
    changed_ = std::move(changed);
    tell();
  }
  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t) const override { return lapsed ? std::nullopt : epoch_; }
  [[nodiscard]] bool leads() const override { return leader; }
  void lost(uint32_t, uint64_t epoch) override { lost_epochs.push_back(epoch); }
  void resign(Done<void> done) override { done({}); }
  void view(Done<ClusterView> done) override { done(ClusterView{}); }

  void hold(std::optional<uint64_t> epoch) {
    epoch_ = epoch;
    tell();
  }
  bool lapsed = false;
  bool leader = true;
  std::vector<uint64_t> lost_epochs;

 private:
  void tell() { changed_(epoch_ ? std::vector{ShardLease{0, *epoch_}} : std::vector<ShardLease>{}); }
  Changed changed_;
  std::optional<uint64_t> epoch_ = 1;
};

/// Refuses every epoch but one, and a claim's.
class FencedEvents final : public NearStore {
 public:
  explicit FencedEvents(MemoryEvents& rows) : rows_(rows) {}
  [[nodiscard]] uint32_t shards() const override { return 1; }
  [[nodiscard]] uint32_t shard_of(const EventId&) const override { return 0; }
  void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) override {
    rows_.put(std::move(events), mode, std::move(done));
  }
  void window(WindowRequest request, Done<WindowPage> done) override {
    if (away) return done(fail(Code::unavailable, "away"));
    if (request.epoch != epoch) return done(stale());
    rows_.window(request, std::move(done));
  }
  void begin(BeginRequest request, Done<std::vector<Event>> done) override {
    if (hold_begins) return held_begins.push_back(std::move(done));
    if (request.epoch != epoch && request.epoch != 0) return done(stale());
    rows_.begin(std::move(request), std::move(done));
  }
  void settle(std::vector<Settlement> settlements, Done<void> done) override {
    if (away) return done(fail(Code::unavailable, "away"));
    if (settlements.front().epoch != epoch && settlements.front().epoch != 0) return done(stale());
    rows_.settle(std::move(settlements), std::move(done));
  }
  uint64_t epoch = 1;
  bool away = false;
  bool hold_begins = false;
  std::vector<Done<std::vector<Event>>> held_begins;

  static tl::unexpected<Error> stale() { return fail(Code::stale_epoch, "another node owns the shard"); }

 private:
  MemoryEvents& rows_;
};

class LeaseTest : public EngineFixture {
 protected:
  LeaseTest() { start(); }
  void start() {
    engine.reset();
    engine = std::make_unique<Engine>(EnginePorts{.clock = clock,
                                                  .random = *random,
                                                  .near = fenced,
                                                  .near_catalog = events,
                                                  .far = events,
                                                  .far_catalog = events,
                                                  .near_tier = events,
                                                  .far_tier = events,
                                                  .schedules = schedules,
                                                  .dead_letters = schedules,
                                                  .sinks = sinks,
                                                  .log = log,
                                                  .probe = probe,
                                                  .coordinator = leases},
                                      options);
    engine->tick();
  }
  ~LeaseTest() override { engine.reset(); }

  HandCoordinator leases;
  FencedEvents fenced{events};
};

TEST_F(LeaseTest, FiresWhatIsDueInAShardThatItHolds) {
  accept(event("a", 1s));
  run_for(2s);
  EXPECT_EQ(topics(), (std::vector<std::string>{"a"}));
}

TEST_F(LeaseTest, FiresNothingOfAShardThatItDoesNotHold) {
  leases.hold(std::nullopt);
  accept(event("a", 1s));
  run_for(20s);
  EXPECT_TRUE(topics().empty());
}

TEST_F(LeaseTest, FiresWhatWaitedOnceTheLeaseComes) {
  leases.hold(std::nullopt);
  const auto accepted = accept(event("a", 1s));
  run_for(5s);
  fenced.epoch = 7;
  leases.hold(7);
  run_for(1s);
  EXPECT_EQ(topics(), (std::vector<std::string>{"a"}));
  EXPECT_EQ(state_of(accepted.stored.event.id), State::fired);
}

TEST_F(LeaseTest, ALapsedLeaseBeginsNothingAndGoesOnWhenItHoldsAgain) {
  accept(event("a", 1s));
  run_for(500ms);
  leases.lapsed = true;
  run_for(2s);
  EXPECT_TRUE(topics().empty());
  leases.lapsed = false;
  run_for(1s);
  EXPECT_EQ(topics(), (std::vector<std::string>{"a"}));
}

TEST_F(LeaseTest, AStoreThatKnowsAnotherOwnerIsBelieved) {
  accept(event("a", 1s));
  run_for(500ms);
  fenced.epoch = 2;
  run_for(2s);
  EXPECT_TRUE(topics().empty());
  EXPECT_EQ(leases.lost_epochs.front(), 1U);
}

TEST_F(LeaseTest, ALateRefusalOfAnEndedLeaseStopsNoLaterOne) {
  accept(event("a", 1s));
  fenced.hold_begins = true;
  run_for(1s);
  ASSERT_EQ(fenced.held_begins.size(), 1U);
  fenced.hold_begins = false;
  fenced.epoch = 2;
  leases.hold(2);
  run_for(0s);
  accept(event("b", 1ms));
  fenced.held_begins.front()(FencedEvents::stale());
  run_for(1ms);
  EXPECT_EQ(topics(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(leases.lost_epochs, (std::vector<uint64_t>{1}));
}

TEST_F(LeaseTest, ARefusedSettleNamesTheLeaseItWasBegunUnder) {
  sink.hold = true;
  accept(event("a", 1s));
  run_for(1s);
  fenced.epoch = 2;
  leases.hold(2);
  sink.hold = false;
  sink.let_go();
  run_for(1ms);
  EXPECT_EQ(leases.lost_epochs, (std::vector<uint64_t>{1}));
}

TEST_F(LeaseTest, ALetterWrittenAgainBecauseItsEndCouldNotBeStoredHasItsBody) {
  sink.script = {{.verdict = Verdict::rejected, .error = "HTTP 400"}};
  sink.hold = true;
  auto one = event("a", 1s);
  one.body = R"({"x":1})";
  const auto id = accept(std::move(one)).stored.event.id;
  run_for(1s);
  fenced.away = true;
  sink.let_go();
  run_for(1ms);
  ASSERT_TRUE(schedules.letters.contains(id));
  schedules.letters.clear();
  run_for(1s);
  EXPECT_EQ(schedules.letters[id].event.body, R"({"x":1})");
  fenced.away = false;
  run_for(1s);
  EXPECT_EQ(state_of(id), State::dead);
  EXPECT_EQ(log.kept.size(), 1U);
}

TEST_F(LeaseTest, WhatIsBegunIsNotPublishedAfterItsLeaseLapsed) {
  options.max_concurrent = 1;
  engine->reconfigure([](EngineOptions& changed) { changed.max_concurrent = 1; });
  ScriptedSink& slow = sink;
  slow.hold = true;
  for (int i = 0; i < 101; ++i) accept(event("first", 1s));  // one more than a batch: it waits in the lane
  run_for(1s);
  ASSERT_EQ(slow.delivered.size(), 100U);
  leases.lapsed = true;
  slow.hold = false;
  slow.let_go();
  run_for(1s);
  EXPECT_EQ(slow.delivered.size(), 100U);
}

TEST_F(LeaseTest, ASettleThatIsRefusedForgetsTheEventAndStopsNothing) {
  sink.hold = true;
  const auto accepted = accept(event("a", 1s));
  run_for(1s);
  ASSERT_EQ(sink.delivered.size(), 1U);
  fenced.epoch = 2;  // another node has taken over and put it back
  events.process_crash();
  sink.hold = false;
  sink.let_go();
  engine->tick();
  EXPECT_EQ(state_of(accepted.stored.event.id), State::pending);
  EXPECT_TRUE(log.kept.empty());
  leases.hold(2);
  run_for(1s);
  EXPECT_EQ(sink.delivered.size(), 2U);
  EXPECT_EQ(state_of(accepted.stored.event.id), State::fired);
}

TEST_F(LeaseTest, ASettleThatFailedIsRepeatedThoughTheClockWasSteppedBack) {
  sink.hold = true;
  const auto accepted = accept(event("a", 1s));
  run_for(1s);
  ASSERT_EQ(sink.delivered.size(), 1U);
  fenced.away = true;
  sink.let_go();
  engine->tick();
  fenced.away = false;
  clock.step(-1h);
  run_for(1s);
  EXPECT_EQ(state_of(accepted.stored.event.id), State::fired);
}

// Nobody tells of it where a node's clock is held to that of the store.
TEST_F(LeaseTest, ALoadThatFailedIsRepeatedThoughTheClockWasSteppedBack) {
  fenced.away = true;
  start();
  fenced.away = false;
  clock.step(-1h);
  accept(event("a", 1s));
  run_for(2s);
  EXPECT_EQ(topics(), (std::vector<std::string>{"a"}));
}

TEST_F(LeaseTest, AClaimThatRanOutUnderAWrongClockIsNotLateByIt) {
  leases.hold(std::nullopt);
  const auto accepted = accept(event("a", 1s));
  engine->claims().claim(accepted.stored.event.id, "worker", 2s,
                         [](const Result<Claim>& claim) { EXPECT_TRUE(claim); });
  engine->tick();
  clock.step(1h);
  run_for(3s);
  clock.step(-1h);
  engine->look_again();
  leases.hold(1);
  run_for(1s);
  EXPECT_EQ(topics(), (std::vector<std::string>{"a"}));
}

TEST_F(LeaseTest, AnEventPutByAnotherNodeIsReadAtOnce) {
  run_for(1s);  // the window covers the next seconds
  Event one = event("theirs", 100ms);
  one.id = random_id(*random);
  one.fire_at = one.due_at;
  events.put({one}, PutMode::if_absent, [](const Result<std::vector<PutOutcome>>&) {});
  engine->arrived_elsewhere(0, one.fire_at);
  run_for(200ms);
  EXPECT_EQ(topics(), (std::vector<std::string>{"theirs"}));
}

TEST_F(LeaseTest, WhatNobodyToldOfIsFoundByALookInTime) {
  engine->reconfigure([](EngineOptions& changed) { changed.look_interval = 1s; });
  run_for(3s);
  Event one = event("theirs", 3s);
  one.id = random_id(*random);
  one.fire_at = one.due_at;
  events.put({one}, PutMode::if_absent, [](const Result<std::vector<PutOutcome>>&) {});
  run_for(3s);
  EXPECT_EQ(topics(), (std::vector<std::string>{"theirs"}));
}

TEST_F(LeaseTest, OnlyTheLeaderTransfers) {
  leases.leader = false;
  accept(event("far", 30h));
  run_for(10min);
  const auto tier_of = [&] {
    EventPage page;
    events.find({.filter = {}, .cursor = "", .limit = 1}, [&](Result<EventPage> found) { page = std::move(*found); });
    return page.events.at(0).tier;
  };
  EXPECT_EQ(tier_of(), Tier::far);
  leases.leader = true;
  run_for(10min);
  EXPECT_EQ(tier_of(), Tier::near);
}

TEST_F(LeaseTest, AFarStoreOfItsOwnIsEmptiedWhoeverLeads) {
  options.far_is_shared = false;
  start();
  leases.leader = false;
  accept(event("far", 30h));
  run_for(10min);
  EventPage page;
  events.find({.filter = {}, .cursor = "", .limit = 1}, [&](Result<EventPage> found) { page = std::move(*found); });
  EXPECT_EQ(page.events.at(0).tier, Tier::near);
}

}  // namespace schedules::testing
