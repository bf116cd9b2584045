#include "cluster/leases.h"

namespace schedules {

void Leases::granted(uint32_t shard, const LeaseState& lease, SteadyPoint good_until) {
  const std::scoped_lock lock(mutex_);
  leases_[shard] = Lease{.epoch = lease.epoch, .good_until = good_until, .store = lease.store};
}

bool Leases::renewed(uint32_t shard, const LeaseState& lease, SteadyPoint good_until) {
  const std::scoped_lock lock(mutex_);
  const auto found = leases_.find(shard);
  if (found == leases_.end() || found->second.epoch != lease.epoch) return false;
  if (clock_.steady() >= found->second.good_until || lease.store != found->second.store) {
    leases_.erase(found);
    return false;
  }
  found->second.good_until = std::max(found->second.good_until, good_until);
  return true;
}

bool Leases::taken_over(uint32_t shard, uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  const auto found = leases_.find(shard);
  if (found == leases_.end() || found->second.epoch != epoch || found->second.phase != Phase::taking) return false;
  found->second.phase = Phase::held;
  return true;
}

void Leases::leave(uint32_t shard) {
  const std::scoped_lock lock(mutex_);
  const auto found = leases_.find(shard);
  if (found == leases_.end() || found->second.phase == Phase::leaving) return;
  found->second.phase = Phase::leaving;
  found->second.leaving_since = clock_.steady();
}

void Leases::stay(uint32_t shard) {
  const std::scoped_lock lock(mutex_);
  const auto found = leases_.find(shard);
  if (found != leases_.end() && found->second.phase == Phase::leaving) found->second.phase = Phase::held;
}

void Leases::drop(uint32_t shard) {
  const std::scoped_lock lock(mutex_);
  leases_.erase(shard);
}

void Leases::drop(uint32_t shard, uint64_t epoch) {
  const std::scoped_lock lock(mutex_);
  const auto found = leases_.find(shard);
  if (found != leases_.end() && found->second.epoch == epoch) leases_.erase(found);
}

void Leases::drop_all() {
  const std::scoped_lock lock(mutex_);
  leases_.clear();
}

void Leases::drop_ended() {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.steady();
  std::erase_if(leases_, [now](const auto& lease) { return now >= lease.second.good_until; });
}

std::optional<uint64_t> Leases::epoch_of(uint32_t shard) const {
  const std::scoped_lock lock(mutex_);
  const auto found = leases_.find(shard);
  if (found == leases_.end() || found->second.phase == Phase::taking) return std::nullopt;
  if (clock_.steady() >= found->second.good_until) return std::nullopt;
  return found->second.epoch;
}

std::optional<Leases::Lease> Leases::of(uint32_t shard) const {
  const std::scoped_lock lock(mutex_);
  const auto found = leases_.find(shard);
  return found == leases_.end() ? std::nullopt : std::optional(found->second);
}

std::map<uint32_t, Leases::Lease> Leases::all() const {
  const std::scoped_lock lock(mutex_);
  return leases_;
}

std::vector<ShardLease> Leases::held() const {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.steady();
  std::vector<ShardLease> held;
  for (const auto& [shard, lease] : leases_) {
    if (lease.phase == Phase::held && now < lease.good_until) held.push_back({shard, lease.epoch});
  }
  return held;
}

}  // namespace schedules
