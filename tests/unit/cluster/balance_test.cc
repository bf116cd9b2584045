#include "cluster/balance.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace schedules {
namespace {

using Owners = std::vector<std::string>;

std::map<std::string, size_t> counts(const Owners& owners) {
  std::map<std::string, size_t> out;
  for (const auto& owner : owners) ++out[owner];
  return out;
}

size_t moved(const Owners& before, const Owners& after) {
  size_t count = 0;
  for (size_t i = 0; i < before.size(); ++i) count += before[i].empty() || before[i] == after[i] ? 0 : 1;
  return count;
}

TEST(Balance, OneNodeHoldsAll) { EXPECT_EQ(balance({"a"}, Owners(4)), Owners(4, "a")); }

TEST(Balance, AnEvenStateStaysAsItIs) {
  const Owners owners{"b", "a", "a", "b", "a"};
  EXPECT_EQ(balance({"a", "b"}, owners), owners);
}

TEST(Balance, WhoJoinsGetsItsShareAndNobodyElseMoves) {
  const auto before = balance({"a", "b", "c"}, Owners(16));
  const auto after = balance({"a", "b", "c", "0"}, before);
  EXPECT_EQ(counts(after)["0"], 4U);
  EXPECT_EQ(moved(before, after), 4U);
}

TEST(Balance, OnlyWhatTheDeadHeldMoves) {
  const auto before = balance({"a", "b", "c"}, Owners(16));
  const auto after = balance({"a", "c"}, before);
  EXPECT_EQ(moved(before, after), counts(before)["b"]);
}

TEST(Balance, MoreNodesThanShards) {
  const auto wanted = balance({"a", "b", "c"}, Owners(2));
  EXPECT_EQ(counts(wanted).size(), 2U);
}

// Any history of joins and leaves: even within one, nothing without a holder, no needless move.
TEST(Balance, StaysEvenThroughAnyHistory) {
  std::mt19937 random(7);
  Owners owners(64);
  std::vector<std::string> nodes{"n0"};
  for (int step = 1; step < 500; ++step) {
    if (nodes.size() < 2 || (nodes.size() < 9 && random() % 2 == 0)) {
      nodes.push_back("n" + std::to_string(step));
    } else {
      nodes.erase(nodes.begin() + static_cast<long>(random() % nodes.size()));
    }
    const auto wanted = balance(nodes, owners);
    auto held = counts(wanted);
    size_t least = 64;
    size_t most = 0;
    for (const auto& node : nodes) {
      least = std::min(least, held[node]);
      most = std::max(most, held[node]);
    }
    ASSERT_LE(most - least, 1U) << step;
    ASSERT_EQ(held.size(), nodes.size()) << "a shard without a holder, or one whose holder is gone; step " << step;
    // A shard moves only off a node that is gone or that had more than its share.
    const auto before = counts(owners);
    std::map<std::string, size_t> left;
    for (size_t i = 0; i < owners.size(); ++i) left[owners[i]] += owners[i] != wanted[i] ? 1 : 0;
    for (const auto& node : nodes) {
      if (before.contains(node)) {
        ASSERT_LE(left[node], before.at(node) - std::min(before.at(node), held[node])) << step;
      }
    }
    owners = wanted;
  }
}

}  // namespace
}  // namespace schedules
