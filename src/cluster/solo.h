// One node alone: it holds every shard, always, and leads. Epoch 0 means to a store that it need not check.
#pragma once

#include "cluster/coordinator.h"

namespace schedules {

class SoloCoordinator final : public Coordinator {
 public:
  SoloCoordinator(std::string node_id, uint32_t shards, const Clock& clock)
      : node_id_(std::move(node_id)), shards_(shards), clock_(clock), started_at_(clock.wall()) {}

  void start(Changed changed) override {
    std::vector<ShardLease> all;
    for (uint32_t shard = 0; shard < shards_; ++shard) all.push_back({shard, 0});
    changed(std::move(all));
  }
  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t /*shard*/) const override { return 0; }
  [[nodiscard]] bool leads() const override { return true; }
  void lost(uint32_t /*shard*/, uint64_t /*epoch*/) override {}
  void resign(Done<void> done) override { done({}); }
  void view(Done<ClusterView> done) override {
    ClusterView view{.self = node_id_, .leader = node_id_};
    view.nodes.push_back({.id = node_id_, .address = "", .started_at = started_at_, .seen_at = clock_.wall()});
    for (uint32_t shard = 0; shard < shards_; ++shard) view.shards.push_back({.shard = shard, .owner = node_id_});
    done(std::move(view));
  }

 private:
  std::string node_id_;
  uint32_t shards_;
  const Clock& clock_;
  TimePoint started_at_;
};

}  // namespace schedules
