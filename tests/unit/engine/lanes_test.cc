// What nodes tell each other of their breakers: an open one is open on all, and one node at a time tries it.
#include "engine/lanes.h"

#include "tests/support/memory_breakers.h"
#include "tests/unit/engine/engine_fixture.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

/// Two nodes with a near store each, which publish to one target.
class LanesTest : public ::testing::Test {
 protected:
  class Gauge final : public EngineProbe {
   public:
    void breaker(std::string_view lane, bool is_open) override { open[std::string(lane)] = is_open; }
    std::map<std::string, bool> open;
  };
  struct Node {
    Node(LanesTest& test, const std::string& id)
        : events(test.clock), coordinator(id, 1, test.clock), board(test.board.node(id)) {
      sink.hold = true;
      engine = std::make_unique<Engine>(EnginePorts{.clock = test.clock,
                                                    .random = *random,
                                                    .near = events,
                                                    .near_catalog = events,
                                                    .far = events,
                                                    .far_catalog = events,
                                                    .near_tier = events,
                                                    .far_tier = events,
                                                    .schedules = schedules,
                                                    .dead_letters = schedules,
                                                    .sinks = sinks,
                                                    .log = log,
                                                    .probe = gauge,
                                                    .coordinator = coordinator,
                                                    .breakers = board.get()},
                                        EngineOptions{});
    }
    std::unique_ptr<Random> random = seeded_random(7);
    MemoryEvents events;
    MemorySchedules schedules;
    ScriptedSink sink{1};
    OneSink sinks{sink};
    KeptLog log;
    Gauge gauge;
    SoloCoordinator coordinator;
    std::unique_ptr<BreakerBoard> board;
    std::unique_ptr<Engine> engine;
  };

  /// Events for the target, due now.
  void put(Node& node, int count) {
    std::vector<Event> events(static_cast<size_t>(count));
    for (auto& one : events) {
      one.topic = "t";
      one.entity_type = "e";
      one.action = "a";
      one.due_at = clock.wall();
      one.max_retries = 100;
      one.target = {.kind = TargetKind::webhook, .url = "http://target"};
    }
    node.engine->events().accept(std::move(events), {}, [](const Result<std::vector<Accepted>>&) {});
    run_for(0s);
  }
  static void fail_all(Node& node) {
    for (auto& [done, reports] : std::exchange(node.sink.held, {})) {
      for (auto& report : reports) report = {.verdict = Verdict::retry, .error = "down"};
      done(std::move(reports));
    }
  }
  void open(Node& node) {
    put(node, 30);
    while (!node.sink.held.empty()) {
      fail_all(node);
      run_for(0s);
    }
    ASSERT_TRUE(node.gauge.open[kLane]);
  }
  void run_for(Duration by) {
    const TimePoint until = clock.wall() + by;
    while (true) {
      const TimePoint wake = std::min(a.engine->tick(), b.engine->tick());
      if (wake > until) break;
      clock.advance(std::max(wake - clock.wall(), Duration(0)));
    }
    clock.advance(until - clock.wall());
    a.engine->tick();
    b.engine->tick();
  }

  static constexpr const char* kLane = "scripted:http://target";
  ManualClock clock;
  MemoryBreakers board{clock};
  Node a{*this, "a"};
  Node b{*this, "b"};
};

TEST_F(LanesTest, WhatOneNodeFoundDownTheOtherDoesNotTry) {
  put(b, 1);
  ASSERT_EQ(b.sink.delivered.size(), 1U);
  open(a);
  run_for(0s);
  EXPECT_TRUE(b.gauge.open[kLane]);
  put(b, 5);
  run_for(4s);
  EXPECT_EQ(b.sink.delivered.size(), 1U);
}

TEST_F(LanesTest, ALaneThatIsNewIsOpenFromTheStart) {
  open(a);
  put(b, 5);
  run_for(4s);
  EXPECT_TRUE(b.sink.delivered.empty());
  EXPECT_TRUE(b.gauge.open[kLane]);
}

TEST_F(LanesTest, OneNodeProbesAndTheOthersLeaveItToIt) {
  open(a);
  put(b, 5);
  const size_t before = a.sink.delivered.size();
  put(a, 1);
  run_for(9s);  // the probe is under way
  EXPECT_EQ(a.sink.delivered.size(), before + 1);
  EXPECT_TRUE(b.sink.delivered.empty());
}

TEST_F(LanesTest, WhatOneFindsUpAgainIsUpForAll) {
  open(a);
  put(b, 5);
  put(a, 1);
  run_for(5500ms);
  ASSERT_EQ(a.sink.held.size(), 1U);
  a.sink.let_go();
  run_for(0s);
  EXPECT_FALSE(a.gauge.open[kLane]);
  EXPECT_FALSE(b.gauge.open[kLane]);
  put(b, 1);
  EXPECT_FALSE(b.sink.delivered.empty());
}

TEST_F(LanesTest, WhereTheFinderDoesNotProbeAnotherDoes) {
  open(a);
  put(b, 5);
  a.engine->drain();
  run_for(20s);
  EXPECT_EQ(b.sink.delivered.size(), 1U);
}

TEST_F(LanesTest, AProbeOfTheOtherThatFailsIsNotRepeatedHereAtOnce) {
  open(a);
  put(b, 5);
  put(a, 1);
  run_for(5500ms);
  fail_all(a);
  run_for(9s);
  EXPECT_TRUE(b.sink.delivered.empty());
}

}  // namespace
}  // namespace schedules::testing
