#include "tests/conformance/coordinator_suite.h"

#include <set>
#include <thread>

#include "tests/conformance/schedule_await.h"

namespace schedules::testing {

using namespace std::chrono_literals;

TestNode::TestNode(ClusterPlace& place, std::string id) : id_(std::move(id)) {
  coordinator_ = place.node(id_, [this](TakenOver taken, Done<void> done) {
    if (refuse_take_over) return done(fail(Code::unavailable, "not now"));
    {
      const std::scoped_lock lock(mutex_);
      taken_[taken.shard] = taken.epoch;
      if (taken.crashed) ++crashed_;
    }
    done({});
  });
  coordinator_->start([this](const std::vector<ShardLease>& leases) { changed(leases); });
}

TestNode::~TestNode() { drop(); }

void TestNode::changed(const std::vector<ShardLease>& leases) {
  const std::scoped_lock lock(mutex_);
  held_.clear();
  for (const auto& lease : leases) {
    held_[lease.shard] = lease.epoch;
    if (taken_[lease.shard] != lease.epoch) ++untaken_;
  }
}

Status TestNode::resign() {
  return await<void>([this](auto done) { coordinator_->resign(std::move(done)); });
}

Result<ClusterView> TestNode::view() {
  return await<ClusterView>([this](auto done) { coordinator_->view(std::move(done)); });
}

std::map<uint32_t, uint64_t> TestNode::held() const {
  const std::scoped_lock lock(mutex_);
  return held_;
}

size_t TestNode::crashed() const {
  const std::scoped_lock lock(mutex_);
  return crashed_;
}

void CoordinatorTest::TearDown() {
  for (const auto& node : nodes) EXPECT_EQ(node->untaken(), 0U) << node->id();
  nodes.clear();
}

TestNode& CoordinatorTest::start(const std::string& id) {
  return *nodes.emplace_back(std::make_unique<TestNode>(*place, id));
}

void CoordinatorTest::until(const char* what, const std::function<bool()>& fact) {
  const auto deadline = now() + 30s;
  while (!fact()) {
    ASSERT_LT(now(), deadline) << what;
    std::this_thread::sleep_for(5ms);
  }
}

void CoordinatorTest::until_balanced(const std::vector<TestNode*>& all) {
  until("every node has its share", [&] {
    std::set<uint32_t> shards;
    size_t sum = 0;
    size_t least = kClusterShards;
    size_t most = 0;
    for (auto* node : all) {
      const auto held = node->held();
      for (const auto& [shard, epoch] : held) shards.insert(shard);
      sum += held.size();
      least = std::min(least, held.size());
      most = std::max(most, held.size());
    }
    return sum == kClusterShards && shards.size() == kClusterShards && most - least <= 1;
  });
}

TEST_P(CoordinatorTest, OneNodeGetsAll) {
  auto& node = start("a");
  until_balanced({&node});
  for (const auto& [shard, epoch] : node.held()) {
    EXPECT_GT(epoch, 0U);
    EXPECT_EQ(node.coordinator().epoch_of(shard), epoch);
  }
  EXPECT_FALSE(node.coordinator().epoch_of(kClusterShards));
  until("it leads", [&] { return node.coordinator().leads(); });
}

TEST_P(CoordinatorTest, NodesShareEvenlyAndLittleMoves) {
  auto& a = start("a");
  until_balanced({&a});
  const auto before = a.held();
  auto& b = start("b");
  until_balanced({&a, &b});
  for (const auto& [shard, epoch] : a.held()) EXPECT_EQ(before.at(shard), epoch) << "kept as it was";
  for (const auto& [shard, epoch] : b.held()) EXPECT_GT(epoch, before.at(shard));
  const auto of_a = a.held();
  const auto of_b = b.held();
  auto& c = start("c");
  until_balanced({&a, &b, &c});
  for (const auto& [shard, epoch] : a.held()) EXPECT_EQ(of_a.at(shard), epoch);
  for (const auto& [shard, epoch] : b.held()) EXPECT_EQ(of_b.at(shard), epoch);
}

TEST_P(CoordinatorTest, NobodySharesAShardWhileItMoves) {
  auto& a = start("a");
  until_balanced({&a});
  auto& b = start("b");
  size_t shared = 0;
  until("b has its share", [&] {
    for (uint32_t shard = 0; shard < kClusterShards; ++shard) {
      const auto first = a.coordinator().epoch_of(shard);  // asked first, as an owner that is slow to act
      const auto second = b.coordinator().epoch_of(shard);
      if (first && second && a.coordinator().epoch_of(shard) == first) ++shared;
    }
    return b.count() == kClusterShards / 2;
  });
  EXPECT_EQ(shared, 0U);
}

TEST_P(CoordinatorTest, AKilledNodesShardsAreTakenOver) {
  auto& a = start("a");
  auto& b = start("b");
  until_balanced({&a, &b});
  const auto lost = a.held();
  const auto killed_at = now();
  a.drop();
  until_balanced({&b});
  EXPECT_LE(now() - killed_at, 10s) << "5 s, on a machine that has time";
  for (const auto& [shard, epoch] : lost) EXPECT_GT(b.held().at(shard), epoch);
  EXPECT_EQ(b.crashed(), lost.size());
  until("the one that is left leads", [&] { return b.coordinator().leads(); });
}

TEST_P(CoordinatorTest, AResignedNodesShardsGoOverAtOnce) {
  auto& a = start("a");
  auto& b = start("b");
  until_balanced({&a, &b});
  const auto resigned_at = now();
  ASSERT_TRUE(a.resign());
  EXPECT_EQ(a.count(), 0U);
  EXPECT_FALSE(a.coordinator().leads());
  until_balanced({&b});
  EXPECT_LT(now() - resigned_at, 2500ms) << "before any lease could have ended";
  EXPECT_EQ(b.crashed(), 0U);
  until("the one that is left leads", [&] { return b.coordinator().leads(); });
}

TEST_P(CoordinatorTest, ANodeThatIsCutOffStopsBeforeOthersBegin) {
  auto& a = start("a");
  auto& b = start("b");
  until_balanced({&a, &b});
  const auto old = a.held();
  place->cut_off("a");
  size_t shared = 0;
  until("b has all", [&] {
    for (const auto& [shard, epoch] : old) {
      const auto taken = b.coordinator().epoch_of(shard);
      if (taken && a.coordinator().epoch_of(shard)) ++shared;
    }
    return b.count() == kClusterShards;
  });
  EXPECT_EQ(shared, 0U);
  for (const auto& [shard, epoch] : old) EXPECT_FALSE(a.coordinator().epoch_of(shard));
  until("a's engine has been told", [&] { return a.count() == 0; });
  EXPECT_FALSE(a.coordinator().leads());
  place->reconnect("a");
  until_balanced({&a, &b});
  for (const auto& [shard, epoch] : a.held()) EXPECT_NE(old.contains(shard) ? old.at(shard) : 0, epoch);
}

TEST_P(CoordinatorTest, WhatTheStoreRefusedIsTakenAgainUnderANewEpoch) {
  auto& a = start("a");
  until_balanced({&a});
  const uint64_t old = a.held().at(3);
  a.coordinator().lost(3, old);
  EXPECT_FALSE(a.coordinator().epoch_of(3));
  until("it is held again", [&] { return a.coordinator().epoch_of(3).has_value(); });
  EXPECT_GT(*a.coordinator().epoch_of(3), old);
  EXPECT_EQ(a.crashed(), 0U);
  until("the engine has been told", [&] { return a.held().contains(3) && a.held().at(3) > old; });
}

TEST_P(CoordinatorTest, AShardIsHeldOnlyOnceItIsTakenOver) {
  auto& a = start("a");
  until_balanced({&a});
  auto& b = start("b");
  b.refuse_take_over = true;
  until("b wants shards", [&] { return a.count() == kClusterShards / 2; });
  for (uint32_t shard = 0; shard < kClusterShards; ++shard) EXPECT_FALSE(b.coordinator().epoch_of(shard));
  EXPECT_EQ(b.count(), 0U);
  b.refuse_take_over = false;
  until_balanced({&a, &b});
}

TEST_P(CoordinatorTest, AShardLeavesOnceNothingIsInFlight) {
  auto& a = start("a");
  until_balanced({&a});
  const auto old = a.held();
  for (const auto& [shard, epoch] : old) place->set_in_flight(shard, epoch);
  auto& b = start("b");
  until("a begins nothing more in b's share", [&] { return a.count() == kClusterShards / 2; });
  for (const auto& [shard, epoch] : old) EXPECT_EQ(a.coordinator().epoch_of(shard), epoch) << "but finishes it";
  EXPECT_EQ(b.count(), 0U);
  for (uint32_t shard = 0; shard < kClusterShards; ++shard) place->set_in_flight(shard, 0);
  until_balanced({&a, &b});
}

TEST_P(CoordinatorTest, OneLeadsAtATime) {
  auto& a = start("a");
  auto& b = start("b");
  auto& c = start("c");
  const auto leaders = [&] {
    return int{a.coordinator().leads()} + int{b.coordinator().leads()} + int{c.coordinator().leads()};
  };
  int most = 0;
  until("one leads", [&] {
    most = std::max(most, leaders());
    return most > 0;
  });
  auto* leader = a.coordinator().leads() ? &a : b.coordinator().leads() ? &b : &c;
  place->cut_off(leader->id());
  until("another leads", [&] {
    most = std::max(most, leaders());
    return leaders() == 1 && !leader->coordinator().leads();
  });
  EXPECT_EQ(most, 1);
}

TEST_P(CoordinatorTest, EveryNodeSeesTheSame) {
  auto& a = start("a");
  auto& b = start("b");
  until_balanced({&a, &b});
  for (auto* node : {&a, &b}) {
    until("the view is whole", [&] {
      const auto view = node->view();
      if (!view || view->self != node->id() || view->nodes.size() != 2 || view->leader.empty()) return false;
      for (const auto& shard : view->shards) {
        const auto held = (shard.owner == "a" ? a : b).held();
        if (!held.contains(shard.shard) || held.at(shard.shard) != shard.epoch || !shard.until) return false;
      }
      return view->shards.size() == kClusterShards && view->nodes[0].id == "a" && view->nodes[1].address == "b:80";
    });
  }
  ASSERT_TRUE(b.resign());
  until("the one that left is gone", [&] {
    const auto view = a.view();
    return view && view->nodes.size() == 1 && view->leader == "a";
  });
}

TEST_P(CoordinatorTest, ANodeThatStartsWithoutItsServerJoinsLater) {
  place->cut_off("a");
  auto& a = start("a");
  EXPECT_FALSE(a.view());
  EXPECT_FALSE(a.coordinator().leads());
  place->reconnect("a");
  until_balanced({&a});
}

}  // namespace schedules::testing
