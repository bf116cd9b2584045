#include "cluster/rounds.h"

#include <algorithm>

#include "base/log.h"
#include "cluster/balance.h"

namespace schedules {
namespace {

constexpr Duration kBetweenRounds = std::chrono::milliseconds(50);  // at least, whoever pokes
constexpr uint32_t kLookAgain = 64;                                 // rounds

}  // namespace

Rounds::Rounds(RoundsOptions options, std::unique_ptr<LeaseStore> store, RoundsCalls calls, const Clock& clock)
    : options_(std::move(options)),
      store_(std::move(store)),
      told_by_(std::move(calls)),
      clock_(clock),
      started_at_(clock.wall()),
      leases_(clock) {}

void Rounds::start(Coordinator::Changed changed, std::function<void()> wake) {
  changed_ = std::move(changed);
  wake_ = std::move(wake);
}

SteadyPoint Rounds::advance() {
  bool resigning = false;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) stage_ = Stage::gone;
    resigning = resign_.has_value();
  }
  if (stage_ == Stage::gone) return SteadyPoint::max();
  if (resigning && stage_ != Stage::handing_over) hand_over();
  if (stage_ == Stage::handing_over) return hand_over_some_more();
  leases_.drop_ended();
  tell();
  if (stage_ == Stage::resting && clock_.steady() >= next_round()) begin_round();
  if (stage_ == Stage::asking && (answered() || clock_.steady() >= began_ + options_.round)) end_round();
  SteadyPoint next = stage_ == Stage::asking ? began_ + options_.round : next_round();
  for (const auto& [shard, lease] : leases_.all()) next = std::min(next, lease.good_until);
  return next;
}

// At once where somebody poked, yet not again and again.
SteadyPoint Rounds::next_round() const {
  if (began_ == SteadyPoint::min()) return began_;
  const std::scoped_lock lock(mutex_);
  return began_ + (poked_ ? kBetweenRounds : options_.round);
}

bool Rounds::answered() const {
  const std::scoped_lock lock(mutex_);
  return open_ == 0;
}

void Rounds::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_();
}

void Rounds::poke() {
  {
    const std::scoped_lock lock(mutex_);
    poked_ = true;
  }
  wake_();
}

void Rounds::lost(uint32_t shard, uint64_t epoch) {
  leases_.drop(shard, epoch);
  poke();
}

bool Rounds::leads() const {
  const std::scoped_lock lock(mutex_);
  return clock_.steady() < leads_until_;
}

// Each answer counts when it comes, also after its round: a server that is slow or away holds up only its own shards.
void Rounds::begin_round() {
  const uint32_t shards = told_by_.shards();
  stage_ = Stage::asking;
  began_ = clock_.steady();
  {
    const std::scoped_lock lock(mutex_);
    poked_ = false;
    ++round_;
    seen_.resize(shards);
    open_ = 1 + shards;
  }
  ask_members();
  ask_leases(shards);
}

void Rounds::end_round() {
  stage_ = Stage::resting;
  leases_.drop_ended();
  plan();
  tell_departed();
  tell();
}

void Rounds::ask_members() {
  const SteadyPoint sent = clock_.steady();
  store_->beat(started_at_, options_.address, [self = shared_from_this(), round = round_, sent](Result<Beat> beat) {
    self->members_told(round, sent, std::move(beat));
  });
}

void Rounds::members_told(uint64_t round, SteadyPoint sent, Result<Beat> beat) {
  std::optional<TimePoint> store_now;
  {
    const std::scoped_lock lock(mutex_);
    if (round == round_) --open_;
    if (!beat) {
      if (round == round_ && !trouble_) log::warn("cluster.store_away", {{"error", beat.error().detail}});
      if (round == round_) trouble_ = std::move(beat.error());
    } else if (round > beat_round_ && !resigned_) {
      beat_round_ = round;
      store_now = beat->now;
      beat_ = std::move(*beat);
      trouble_.reset();
      leads_until_ = beat_.leader == options_.node_id ? good_until(sent) : SteadyPoint{};
    }
  }
  if (store_now && told_by_.store_time) told_by_.store_time(*store_now, sent, clock_.steady());
  wake_();
}

void Rounds::ask_leases(uint32_t shards) {
  const auto ours = leases_.all();
  for (uint32_t shard = 0; shard < shards; ++shard) {
    const auto lease = ours.find(shard);
    const uint64_t epoch = lease == ours.end() ? 0 : lease->second.epoch;
    const SteadyPoint sent = clock_.steady();
    store_->renew(shard, epoch,
                  [self = shared_from_this(), round = round_, shard, epoch, sent](Result<LeaseState> told) {
                    self->lease_told(round, shard, epoch, sent, std::move(told));
                  });
  }
}

void Rounds::lease_told(uint64_t round, uint32_t shard, uint64_t epoch, SteadyPoint sent, Result<LeaseState> lease) {
  if (lease && epoch != 0) {
    if (!lease->ours) {
      leases_.drop(shard, epoch);
    } else if (!leases_.renewed(shard, *lease, good_until(sent))) {
      log::debug("lease.not_renewed", {{"shard", std::to_string(shard)}, {"epoch", std::to_string(epoch)}});
    }
  }
  {
    const std::scoped_lock lock(mutex_);
    if (round == round_) --open_;
    if (lease && shard < seen_.size() && round >= seen_[shard].round) {
      seen_[shard].lease = std::move(*lease);
      seen_[shard].at = clock_.steady();
      seen_[shard].round = round;
      seen_[shard].newest = std::max(seen_[shard].newest, seen_[shard].lease.epoch);
    }
  }
  wake_();
}

std::vector<std::string> Rounds::alive() const {
  std::vector<std::string> nodes{options_.node_id};
  for (const auto& member : beat_.members) {
    if (member.alive && member.id != options_.node_id) nodes.push_back(member.id);
  }
  std::ranges::sort(nodes);
  return nodes;
}

// What a node had claimed for workers is known to it alone, so it is given back where the node has gone. Who takes a shard over
// looks, too, and who joins, everywhere: an earlier process may have gone unnoticed. A failover may undo it: look again at times.
void Rounds::tell_departed() {
  std::vector<std::string> nodes;
  {
    const std::scoped_lock lock(mutex_);
    if (beat_round_ != round_) return;
    nodes = alive();
  }
  const auto before = std::exchange(known_, nodes);
  if (before.empty()) {
    for (uint32_t shard = 0; shard < told_by_.shards(); ++shard) departures_.add(shard, round_);
  } else if (!std::ranges::includes(nodes, before)) {
    for (const auto& lease : leases_.held()) departures_.add(lease.shard, round_);
  }
  for (uint32_t shard = round_ % kLookAgain; shard < told_by_.shards(); shard += kLookAgain)
    departures_.add(shard, round_);
  for (const auto& [shard, round] : departures_.owed()) clear(shard, round, nodes);
}

void Rounds::clear(uint32_t shard, uint64_t round, const std::vector<std::string>& nodes) {
  if (!told_by_.departed) return departures_.done(shard, round);
  told_by_.departed(shard, nodes, [self = shared_from_this(), shard, round](const Result<void>& done) {
    if (done) self->departures_.done(shard, round);
  });
}

void Rounds::plan() {
  std::vector<std::pair<uint32_t, SeenEpochs>> free;
  std::vector<std::string> wanted;
  {
    const std::scoped_lock lock(mutex_);
    if (beat_round_ != round_ || stopping_ || resign_) return;
    std::vector<std::string> owners;
    for (const auto& seen : seen_) owners.push_back(seen.lease.owner);
    wanted = balance(alive(), owners);
    for (uint32_t shard = 0; shard < seen_.size(); ++shard) {
      auto& seen = seen_[shard];
      const bool ours_to_take = seen.lease.owner.empty() || seen.lease.owner == options_.node_id;
      if (seen.round != round_ || seen.acquiring || !ours_to_take || wanted[shard] != options_.node_id) continue;
      if (leases_.of(shard)) continue;
      seen.acquiring = true;
      free.emplace_back(shard, SeenEpochs{.last = seen.lease.epoch, .newest = seen.newest});
    }
  }
  for (const auto& [shard, epochs] : free) acquire(shard, epochs);
  for (const auto& [shard, lease] : leases_.all()) {
    if (shard >= wanted.size() || lease.phase == Leases::Phase::taking) continue;
    if (wanted[shard] == options_.node_id) {
      leases_.stay(shard);
    } else {
      give_up(shard, lease);
    }
  }
}

void Rounds::acquire(uint32_t shard, SeenEpochs seen) {
  const SteadyPoint sent = clock_.steady();
  store_->acquire(shard, seen, [self = shared_from_this(), shard, sent](Result<LeaseState> lease) {
    self->acquired(shard, sent, std::move(lease));
  });
}

// Ours lapsed where this process had it; where it had not, an earlier process under the same name did not give it up. What was
// granted before and could not be taken over is still owed.
bool Rounds::crashed(uint32_t shard, const std::string& before) {
  const bool is_ours = before == options_.node_id;
  if (shard >= seen_.size()) return !before.empty() && !is_ours;
  auto& seen = seen_[shard];
  bool by_crash = !before.empty() && (!is_ours || !seen.had);
  if (is_ours && seen.owed) by_crash = *seen.owed;
  seen.owed = by_crash;
  if (!is_ours) seen.had = false;
  return by_crash;
}

void Rounds::settled(uint32_t shard) {
  const std::scoped_lock lock(mutex_);
  if (shard >= seen_.size()) return;
  seen_[shard].had = true;
  seen_[shard].owed.reset();
}

void Rounds::acquired(uint32_t shard, SteadyPoint sent, Result<LeaseState> lease) {
  bool gone = false;
  bool by_crash = false;
  uint64_t round = 0;
  std::vector<std::string> nodes;
  {
    const std::scoped_lock lock(mutex_);
    if (shard < seen_.size()) seen_[shard].acquiring = false;
    if (shard < seen_.size() && lease) seen_[shard].newest = std::max(seen_[shard].newest, lease->epoch);
    gone = resigned_ || stopping_;
    nodes = alive();
    round = round_;
    if (lease && lease->ours && !gone) by_crash = crashed(shard, lease->before);
  }
  if (!lease) return;
  if (!lease->ours) {  // it has another epoch than we saw: an earlier request of ours, perhaps
    if (lease->owner.empty() || lease->owner == options_.node_id) poke();
    return;
  }
  const uint64_t epoch = lease->epoch;
  if (gone) return store_->release(shard, epoch, LeaseStore::When::now, [](const Result<bool>&) {});
  leases_.granted(shard, *lease, good_until(sent));
  departures_.add(shard, round);
  clear(shard, round, nodes);
  told_by_.take_over({shard, epoch, by_crash}, [self = shared_from_this(), shard, epoch](const Result<void>& taken) {
    if (!taken) {
      log::warn("lease.take_over_failed", {{"shard", std::to_string(shard)}, {"error", taken.error().detail}});
      return self->leases_.drop(shard, epoch);
    }
    if (!self->leases_.taken_over(shard, epoch)) return;
    self->settled(shard);
    log::debug("lease.taken", {{"shard", std::to_string(shard)}, {"epoch", std::to_string(epoch)}});
    self->wake_();
  });
}

// First the engine is told to begin nothing more; given free is what has nothing in flight.
void Rounds::give_up(uint32_t shard, const Leases::Lease& lease) {
  leases_.leave(shard);
  tell();
  const bool patient = lease.phase != Leases::Phase::leaving || clock_.steady() - lease.leaving_since < options_.drain;
  store_->release(shard, lease.epoch, patient ? LeaseStore::When::drained : LeaseStore::When::now,
                  [self = shared_from_this(), shard, epoch = lease.epoch](const Result<bool>& released) {
                    if (!released || !*released) return;
                    self->leases_.drop(shard, epoch);
                    log::debug("lease.given", {{"shard", std::to_string(shard)}, {"epoch", std::to_string(epoch)}});
                  });
}

void Rounds::tell() {
  auto held = leases_.held();
  if (held == told_) return;
  told_ = held;
  changed_(std::move(held));
}

Result<ClusterView> Rounds::view() const {
  const std::scoped_lock lock(mutex_);
  if (trouble_) return fail(*trouble_);
  if (beat_round_ == 0) return fail(Code::unavailable, "the store has not been seen yet");
  ClusterView view{.self = options_.node_id, .leader = beat_.leader};
  for (const auto& member : beat_.members) {
    if (!member.alive) continue;
    view.nodes.push_back(
        {.id = member.id, .address = member.address, .started_at = member.started_at, .seen_at = member.seen_at});
  }
  std::ranges::sort(view.nodes, {}, &ClusterNode::id);
  const SteadyPoint now = clock_.steady();
  for (uint32_t shard = 0; shard < seen_.size(); ++shard) {
    const auto& lease = seen_[shard].lease;
    ClusterShard one{.shard = shard, .owner = lease.owner, .epoch = lease.epoch};
    if (!lease.owner.empty()) one.until = clock_.wall() + (lease.remaining - (now - seen_[shard].at));
    view.shards.push_back(std::move(one));
  }
  return view;
}

}  // namespace schedules
