// The leases and members of a cluster in memory: what the scripts of cluster/redis/lease_calls.cc do, line by line. Not
// thread-safe.
#pragma once

#include <algorithm>
#include <functional>
#include <map>

#include "cluster/lease_store.h"

namespace schedules::testing {

class MemoryLeases {
 public:
  struct Lease {
    std::string owner;
    uint64_t epoch = 0;
    int64_t until_ms = 0;
  };
  struct Node {
    int64_t seen_ms = 0;
    TimePoint started_at;
    std::string address;
  };
  struct Data {
    std::map<uint32_t, Lease> leases;
    Lease leader;
    std::map<std::string, Node> nodes;
  };

  /// The clock is the store's.
  MemoryLeases(const Clock& clock, Duration lease)
      : clock_(clock), lease_ms_(std::chrono::duration_cast<std::chrono::milliseconds>(lease).count()) {}

  LeaseState renew(const std::string& node, uint32_t shard, uint64_t epoch) {
    auto& lease = data_.leases[shard];
    if (epoch != 0 && lease.owner == node && lease.epoch == epoch) {
      lease.until_ms = now() + lease_ms_;
      return state_of(lease, true);
    }
    return state_of(lease, false);
  }

  LeaseState acquire(const std::string& node, uint32_t shard, SeenEpochs seen) {
    auto& lease = data_.leases[shard];
    const auto owner = owner_of(lease);
    if ((!owner.empty() && owner != node) || (lease.epoch != seen.last && !late_requests_count))
      return state_of(lease, false);
    const auto before = lease.owner;
    lease = {.owner = node,
             .epoch = std::max({lease.epoch + 1, seen.newest + 1, static_cast<uint64_t>(now())}),
             .until_ms = now() + lease_ms_};
    auto state = state_of(lease, true);
    state.before = before;
    return state;
  }

  bool release(const std::string& node, uint32_t shard, uint64_t epoch, LeaseStore::When when) {
    auto& lease = data_.leases[shard];
    if (lease.owner != node || lease.epoch != epoch) return true;
    if (when == LeaseStore::When::drained && in_flight && in_flight(shard, epoch)) return false;
    if (!late_requests_count) ++lease.epoch;
    free(lease, node);
    return true;
  }

  Beat beat(const std::string& node, TimePoint started_at, const std::string& address) {
    const int64_t at = now();
    if (const auto leader = owner_of(data_.leader); leader.empty() || leader == node) {
      data_.leader.owner = node;
      data_.leader.until_ms = at + lease_ms_;
    }
    data_.nodes[node] = {.seen_ms = at, .started_at = started_at, .address = address};
    std::erase_if(data_.nodes, [at](const auto& one) { return one.second.seen_ms < at - 60'000; });
    Beat beat{.leader = data_.leader.owner, .now = from_micros(at * 1000), .members = {}};
    for (const auto& [id, one] : data_.nodes) {
      beat.members.push_back({.id = id,
                              .address = one.address,
                              .started_at = one.started_at,
                              .seen_at = from_micros(one.seen_ms * 1000),
                              .alive = at - one.seen_ms < lease_ms_});
    }
    return beat;
  }

  void leave(const std::string& node) {
    data_.nodes.erase(node);
    if (owner_of(data_.leader) == node) return free(data_.leader, node);
    if (published) published(node);
  }

  [[nodiscard]] uint64_t epoch(uint32_t shard) const {
    const auto found = data_.leases.find(shard);
    return found == data_.leases.end() ? 0 : found->second.epoch;
  }
  /// Whether that is how the lease is named, ended or not.
  [[nodiscard]] bool is(uint32_t shard, const std::string& node, uint64_t epoch) const {
    const auto found = data_.leases.find(shard);
    return found != data_.leases.end() && found->second.owner == node && found->second.epoch == epoch;
  }
  /// Empty: nobody's.
  [[nodiscard]] std::string owner(uint32_t shard) const {
    const auto found = data_.leases.find(shard);
    return found == data_.leases.end() ? "" : owner_of(found->second);
  }

  [[nodiscard]] const Data& data() const { return data_; }
  /// As at a failover: another store from now on, which has this.
  void restore(Data data) {
    data_ = std::move(data);
    if (!stores_look_alike) ++stores_;
  }

  std::function<bool(uint32_t shard, uint64_t epoch)> in_flight;  ///< whether something still is, under that epoch
  std::function<void(const std::string& node)> published;  ///< to all: that node has left or given something free
  bool late_requests_count = false;                        ///< a control: as if nobody could be late
  bool stores_look_alike = false;                          ///< a control: nobody learns of a failover

 private:
  [[nodiscard]] int64_t now() const { return to_micros(clock_.wall()) / 1000; }
  [[nodiscard]] std::string owner_of(const Lease& lease) const { return lease.until_ms <= now() ? "" : lease.owner; }
  [[nodiscard]] LeaseState state_of(const Lease& lease, bool ours) const {
    return {.ours = ours,
            .owner = owner_of(lease),
            .epoch = lease.epoch,
            .remaining = std::chrono::milliseconds(std::max<int64_t>(lease.until_ms - now(), 0)),
            .before = "",
            .store = ours ? std::to_string(stores_) : ""};
  }
  void free(Lease& lease, const std::string& node) {
    lease.owner.clear();
    lease.until_ms = 0;
    if (published) published(node);
  }

  const Clock& clock_;
  const int64_t lease_ms_;
  uint64_t stores_ = 1;
  Data data_;
};

}  // namespace schedules::testing
