// Who works on which shards. A node may act on a shard only while it holds the shard's lease: a right that ends by itself,
// with an epoch that grows with every owner and that the store checks in every change of state. Stores are fenced by the
// epoch, the node by its own clock: it stops before its lease can have ended.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "time/clock.h"

namespace schedules {

struct ShardLease {
  uint32_t shard = 0;
  uint64_t epoch = 0;

  bool operator==(const ShardLease&) const = default;
};

struct ClusterNode {
  std::string id;
  std::string address;  ///< its HTTP address; empty: none
  TimePoint started_at;
  TimePoint seen_at;
};

struct ClusterShard {
  uint32_t shard = 0;
  std::string owner;  ///< node id; empty: nobody
  uint64_t epoch = 0;
  std::optional<TimePoint> until;  ///< when its lease ends if it is not renewed
};

struct ClusterView {
  std::string self;
  std::string leader;  ///< node id; empty: nobody
  std::vector<ClusterNode> nodes;
  std::vector<ClusterShard> shards;
};

/// Thread-safe.
class Coordinator {
 public:
  /// Called on a thread of the coordinator with every lease that is held now, each time that they change.
  using Changed = std::function<void(std::vector<ShardLease>)>;

  virtual ~Coordinator() = default;
  /// Begins to take part. Once.
  virtual void start(Changed changed) = 0;
  /// The epoch under which this node may act on the shard at this moment; nullopt: it may not. Cheap.
  [[nodiscard]] virtual std::optional<uint64_t> epoch_of(uint32_t shard) const = 0;
  /// Whether this node does what only one needs to do: plan, transfer, retention. Harmless if two think so.
  [[nodiscard]] virtual bool leads() const = 0;
  /// The store refused what was done under this epoch: that lease is gone, whatever the clock says. A later one stays.
  virtual void lost(uint32_t shard, uint64_t epoch) = 0;
  /// Hands every lease over at once and takes part no more. The caller has settled everything that it began.
  virtual void resign(Done<void> done) = 0;
  virtual void view(Done<ClusterView> done) = 0;
};

}  // namespace schedules
