// Rounds of several nodes by hand, on leases in memory: the same code runs beside Redis (tests/conformance) and in the
// simulator.
#include "cluster/rounds.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/manual_clock.h"
#include "tests/support/memory_leases.h"

namespace schedules {

using namespace std::chrono_literals;
using testing::ManualClock;
using testing::MemoryLeases;

constexpr uint32_t kShards = 4;

/// Answers inline; says nothing while it is cut off.
class Voice final : public LeaseStore {
 public:
  Voice(MemoryLeases& leases, std::string node, const bool& cut) : leases_(leases), node_(std::move(node)), cut_(cut) {}
  void renew(uint32_t shard, uint64_t epoch, Done<LeaseState> done) override {
    if (!cut_) done(leases_.renew(node_, shard, epoch));
  }
  void acquire(uint32_t shard, SeenEpochs seen, Done<LeaseState> done) override {
    if (!cut_) done(leases_.acquire(node_, shard, seen));
  }
  void release(uint32_t shard, uint64_t epoch, When when, Done<bool> done) override {
    if (!cut_) done(leases_.release(node_, shard, epoch, when));
  }
  void beat(TimePoint started_at, const std::string& address, Done<Beat> done) override {
    if (!cut_) done(leases_.beat(node_, started_at, address));
  }
  void leave(Done<void> done) override {
    if (cut_) return;
    leases_.leave(node_);
    done({});
  }

 private:
  MemoryLeases& leases_;
  const std::string node_;
  const bool& cut_;
};

class RoundsTest : public ::testing::Test {
 protected:
  struct Node {
    bool cut = false;
    std::shared_ptr<Rounds> rounds;
    std::vector<ShardLease> held;
    std::vector<TakenLease> taken;
    std::map<uint32_t, int> departures;
    bool deaf = false;
    SteadyPoint next;
  };

  Node& start(const std::string& id) {
    auto& node = nodes[id];
    RoundsCalls calls{.shards = [] { return kShards; },
                      .take_over =
                          [&node](TakenLease taken, Done<void> done) {
                            node.taken.push_back(taken);
                            done({});
                          },
                      .departed =
                          [&node](uint32_t shard, const std::vector<std::string>&, Done<void> done) {
                            ++node.departures[shard];
                            if (node.deaf) return done(fail(Code::unavailable, "not now"));
                            done({});
                          },
                      .store_time = {}};
    node.rounds = std::make_shared<Rounds>(RoundsOptions{.node_id = id}, std::make_unique<Voice>(leases, id, node.cut),
                                           std::move(calls), clock);
    node.rounds->start([&node](std::vector<ShardLease> held) { node.held = std::move(held); },
                       [&node] { node.next = SteadyPoint::min(); });
    return node;
  }
  void run_for(Duration time) {
    const SteadyPoint end = clock.steady() + time;
    while (true) {
      SteadyPoint next = end;
      for (auto& [id, node] : nodes) {
        for (node.next = SteadyPoint::min(); node.next <= clock.steady();) {
          node.next = SteadyPoint::max();
          node.next = std::min(node.next, node.rounds->advance());
        }
        next = std::min(next, node.next);
      }
      if (clock.steady() >= end) return;
      clock.advance(std::max<Duration>(next - clock.steady(), 1us));
    }
  }
  [[nodiscard]] std::vector<size_t> counts() const {
    std::vector<size_t> out;
    for (const auto& [id, node] : nodes) out.push_back(node.held.size());
    return out;
  }

  ManualClock clock;
  MemoryLeases leases{clock, 3s};
  std::map<std::string, Node> nodes;
};

TEST_F(RoundsTest, OneNodeTakesEveryShard) {
  auto& a = start("a");
  run_for(2s);
  EXPECT_EQ(a.held.size(), kShards);
  EXPECT_TRUE(a.rounds->leads());
}

TEST_F(RoundsTest, NodesShareEvenly) {
  start("a");
  run_for(2s);
  start("b");
  run_for(4s);
  EXPECT_EQ(counts(), (std::vector<size_t>{2, 2}));
}

TEST_F(RoundsTest, ANodeThatHearsNothingStopsBeforeItsLeasesEnd) {
  auto& a = start("a");
  run_for(2s);
  a.cut = true;
  run_for(2500ms);
  EXPECT_FALSE(a.rounds->epoch_of(0));
  EXPECT_TRUE(a.held.empty());
  EXPECT_FALSE(a.rounds->leads());
}

TEST_F(RoundsTest, AnotherTakesWhatItHeldUnderALaterEpochAsACrash) {
  auto& a = start("a");
  run_for(2s);
  const auto before = a.held;
  a.cut = true;
  auto& b = start("b");
  run_for(5s);
  ASSERT_EQ(b.held.size(), kShards);
  for (uint32_t i = 0; i < kShards; ++i) EXPECT_GT(b.held[i].epoch, before[i].epoch);
  EXPECT_TRUE(b.taken.front().crashed);
}

TEST_F(RoundsTest, WhatIsInFlightIsFinishedBeforeAShardGoes) {
  start("a");
  run_for(2s);
  leases.in_flight = [](uint32_t, uint64_t) { return true; };
  start("b");
  run_for(10s);
  EXPECT_EQ(nodes["b"].held.size(), 0U);
  leases.in_flight = nullptr;
  run_for(2s);
  EXPECT_EQ(counts(), (std::vector<size_t>{2, 2}));
  EXPECT_FALSE(nodes["b"].taken.front().crashed);
}

TEST_F(RoundsTest, ResigningHandsOverAtOnce) {
  auto& a = start("a");
  start("b");
  run_for(4s);
  bool resigned = false;
  a.rounds->resign([&](const Result<void>& done) { resigned = done.has_value(); });
  run_for(0s);
  EXPECT_TRUE(resigned);
  run_for(1'100ms);
  EXPECT_EQ(counts(), (std::vector<size_t>{0, kShards}));
}

TEST_F(RoundsTest, ResigningWithoutAnAnswerEndsAfterTwoSeconds) {
  auto& a = start("a");
  run_for(2s);
  a.cut = true;
  std::optional<Code> code;
  a.rounds->resign([&](const Result<void>& done) { code = done.error().code; });
  run_for(1'900ms);
  EXPECT_FALSE(code);
  run_for(200ms);
  EXPECT_EQ(code, Code::unavailable);
}

TEST_F(RoundsTest, WhatADepartureLeavesIsAskedForUntilItIsDone) {
  auto& a = start("a");
  a.deaf = true;
  run_for(5'500ms);
  EXPECT_GT(a.departures[2], 3);
  a.deaf = false;
  run_for(2s);
  const int asked = a.departures[2];
  run_for(5s);
  EXPECT_EQ(a.departures[2], asked);
}

// Also where another holds the shard: what is of an earlier process here, others take for ours.
TEST_F(RoundsTest, WhatDeparturesLeftIsLookedAtAgainNowAndThen) {
  auto& a = start("a");
  start("b");
  run_for(5s);
  const auto before = a.departures;
  run_for(65s);
  for (uint32_t shard = 0; shard < kShards; ++shard) EXPECT_EQ(a.departures[shard], before.at(shard) + 1) << shard;
}

TEST_F(RoundsTest, ALostLeaseIsAskedForAgainAtOnce) {
  auto& a = start("a");
  run_for(2s);
  const auto epoch = *a.rounds->epoch_of(1);
  a.rounds->lost(1, epoch);
  EXPECT_FALSE(a.rounds->epoch_of(1));
  run_for(100ms);
  EXPECT_GT(a.rounds->epoch_of(1), epoch);
}

TEST_F(RoundsTest, ALateRefusalOfAnEndedLeaseStopsNoLaterOne) {
  auto& a = start("a");
  run_for(2s);
  const auto first = *a.rounds->epoch_of(1);
  a.rounds->lost(1, first);
  run_for(100ms);
  const auto second = a.rounds->epoch_of(1);
  ASSERT_TRUE(second);
  a.rounds->lost(1, first);
  EXPECT_EQ(a.rounds->epoch_of(1), second);
}

// Its data may be older than the lease: what was put back may be in flight again, and what was settled.
TEST_F(RoundsTest, AStoreThatIsAnotherOneEndsEveryLeaseAndTheyAreTakenAnew) {
  auto& a = start("a");
  run_for(2s);
  const auto before = a.held;
  const auto taken = a.taken.size();
  leases.restore(leases.data());
  run_for(2s);
  ASSERT_EQ(a.held.size(), kShards);
  for (uint32_t i = 0; i < kShards; ++i) EXPECT_GT(a.held[i].epoch, before[i].epoch);
  EXPECT_EQ(a.taken.size(), taken + kShards);
  EXPECT_FALSE(a.taken.back().crashed);
}

// The store has lost the newest, and its clock is behind.
TEST_F(RoundsTest, AnEpochThatANodeHasSeenIsNotGivenAgainAtItsRequest) {
  const auto nothing = leases.data();
  auto& a = start("a");
  run_for(2s);
  const auto before = a.held;
  clock.step(-1h);
  leases.restore(nothing);
  run_for(4s);
  ASSERT_EQ(a.held.size(), kShards);
  for (uint32_t i = 0; i < kShards; ++i) EXPECT_GT(a.held[i].epoch, before[i].epoch);
}

}  // namespace schedules
