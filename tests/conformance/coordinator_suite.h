// The suite of the Coordinator's port: what must hold among several nodes, whatever keeps their leases. A backend says how a
// node is made, and how its coordination server goes away and comes back.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/coordinator.h"

namespace schedules::testing {

inline constexpr uint32_t kClusterShards = 16;

/// Called where an earlier owner's begun events are put back; answers when that is done.
struct TakenOver {
  uint32_t shard = 0;
  uint64_t epoch = 0;
  bool crashed = false;  ///< of another node, that did not give it up
};
using TakeOver = std::function<void(TakenOver taken, Done<void>)>;

/// One cluster, of no node at first. Nodes must be gone before it is.
class ClusterPlace {
 public:
  virtual ~ClusterPlace() = default;
  virtual std::unique_ptr<Coordinator> node(const std::string& id, TakeOver take_over) = 0;
  /// This node hears and says nothing any more; others do.
  virtual void cut_off(const std::string& id) = 0;
  virtual void reconnect(const std::string& id) = 0;
  /// Something is in flight under this epoch of the shard; 0: nothing any more.
  virtual void set_in_flight(uint32_t shard, uint64_t epoch) = 0;
};

struct CoordinatorBackend {
  std::string name;
  std::function<std::unique_ptr<ClusterPlace>()> make;
};

/// A node as its engine sees it.
class TestNode {
 public:
  TestNode(ClusterPlace& place, std::string id);
  ~TestNode();

  /// As a process that is killed.
  void drop() { coordinator_.reset(); }
  Status resign();
  [[nodiscard]] std::map<uint32_t, uint64_t> held() const;
  [[nodiscard]] size_t count() const { return held().size(); }
  Coordinator& coordinator() { return *coordinator_; }
  [[nodiscard]] const std::string& id() const { return id_; }
  Result<ClusterView> view();
  /// Shards reported without having been taken over under that epoch.
  [[nodiscard]] size_t untaken() const { return untaken_; }
  /// Shards that came here by a crash.
  [[nodiscard]] size_t crashed() const;
  std::atomic<bool> refuse_take_over = false;

 private:
  void changed(const std::vector<ShardLease>& leases);

  const std::string id_;
  mutable std::mutex mutex_;
  std::map<uint32_t, uint64_t> held_;
  std::map<uint32_t, uint64_t> taken_;
  size_t untaken_ = 0;
  size_t crashed_ = 0;
  std::unique_ptr<Coordinator> coordinator_;
};

class CoordinatorTest : public ::testing::TestWithParam<CoordinatorBackend> {
 protected:
  void TearDown() override;
  TestNode& start(const std::string& id);
  /// Until the fact holds; the test fails after half a minute.
  static void until(const char* what, const std::function<bool()>& fact);
  /// Until the nodes hold all shards, each its even share.
  void until_balanced(const std::vector<TestNode*>& nodes);
  /// Steady time, for what must not take long.
  static SteadyPoint now() { return SystemClock().steady(); }

  std::unique_ptr<ClusterPlace> place = GetParam().make();
  std::vector<std::unique_ptr<TestNode>> nodes;
};

inline std::string coordinator_backend_name(const ::testing::TestParamInfo<CoordinatorBackend>& info) {
  return info.param.name;
}

}  // namespace schedules::testing
