#include "tests/sim/weather.h"

namespace schedules::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kSnapshots = 4;

}  // namespace

Weather::Weather(Shared& shared, std::vector<std::unique_ptr<SimNode>>& nodes)
    : shared_(shared),
      world_(shared.world),
      nodes_(nodes),
      store_clock_is_wrong_(!shared.alone && world_.random->below(4) == 0),
      store_loses_(!shared.alone && world_.random->below(4) == 0) {}

void Weather::start() {
  if (!shared_.alone) {
    for (const auto& node : nodes_) node->set_clock(world_.up_to(milliseconds(200)) - milliseconds(100));
    shared_.store_clock.off = world_.up_to(milliseconds(200)) - milliseconds(100);
  }
  if (store_loses_) keep_snapshots();
  change();
}

void Weather::change() {
  if (over_) return;
  const auto dice = world_.random->below(100);
  if (dice < 50) {
    set_faults(dice);
  } else if (shared_.alone) {
    change_alone(dice);
  } else {
    change_cluster(dice);
  }
  world_.after(world_.up_to(seconds(4)), [this] { change(); });
}

void Weather::set_faults(uint64_t dice) {
  if (dice < 22) {
    world_.faults = Faults{};
  } else if (dice < 42) {
    world_.faults =
        Faults{.fail_before = 0.2, .fail_after = 0.1, .lost = 0.05, .sink_fails = 0.2, .slowest = milliseconds(200)};
  } else if (dice < 46) {
    world_.faults =
        Faults{.fail_before = 0.9, .fail_after = 0.1, .lost = 0, .sink_fails = 0.5, .slowest = milliseconds(50)};
  } else {
    world_.faults =
        Faults{.fail_before = 0, .fail_after = 0, .lost = 0.5, .sink_fails = 0, .slowest = milliseconds(900)};
  }
}

void Weather::change_alone(uint64_t dice) {
  auto& node = *nodes_.front();
  if (dice < 75) return crash_alone(dice < 62);
  if (dice < 80) return node.restart(world_.up_to(seconds(2)));
  world_.count("clocks_set");
  node.set_clock(node.clock.off + world_.up_to(seconds(16)) - seconds(8));
}

void Weather::crash_alone(bool machine) {
  auto& node = *nodes_.front();
  if (!node.up()) return;
  world_.count(machine ? "machines_died" : "nodes_died");
  node.crash();
  if (machine) {
    shared_.rows.machine_crash();
    shared_.ledger.look_at_ends(shared_.rows);
  }
  world_.after(world_.up_to(seconds(3)), [&node] {
    if (!node.up()) node.start();
  });
}

void Weather::change_cluster(uint64_t dice) {
  auto& node = some_node();
  if (dice < 58) {
    if (node.up()) world_.count("nodes_died");
    node.crash();
    world_.after(world_.up_to(seconds(6)), [&node] {
      if (!node.up()) node.start();
    });
  } else if (dice < 64) {
    if (node.answers()) world_.count("nodes_restarted");
    node.restart(world_.up_to(seconds(4)));
  } else if (dice < 74) {
    if (node.up()) world_.count("nodes_paused");
    node.pause(milliseconds(200) + world_.up_to(seconds(8)));
  } else if (dice < 84) {
    cut(node);
  } else if (dice < 92) {
    store_clock_is_wrong_ ? set_store_clock() : set_a_clock(node);
  } else if (store_loses_) {
    lose_writes();
  }
}

void Weather::cut(SimNode& node) {
  if (node.link.cut) return;
  world_.count("nodes_cut_off");
  world_.say(node.link.name + " is cut off");
  node.link.cut = true;
  world_.after(milliseconds(200) + world_.up_to(seconds(8)), [&node] { node.link.cut = false; });
}

void Weather::set_a_clock(SimNode& node) {
  world_.count("clocks_set");
  const auto dice = world_.random->below(3);
  const Duration far = world_.up_to(hours(2)) - hours(1);
  node.set_clock(dice == 0 ? Duration{0} : dice == 1 ? far : world_.up_to(seconds(16)) - seconds(8));
}

void Weather::set_store_clock() {
  world_.count("store_clock_set");
  shared_.leases_are_true = false;
  shared_.leases_broke_at = world_.truth.steady();
  shared_.store_was_off = shared_.store_clock.off;
  shared_.store_stepped_at = world_.truth.steady();
  shared_.store_clock.off = world_.random->below(3) == 0 ? Duration{0} : world_.up_to(seconds(40)) - seconds(20);
  world_.say(fmt::format("the store's clock is {} ms off", shared_.store_clock.off.count() / 1000));
}

void Weather::keep_snapshots() {
  if (over_) return;
  snapshots_.push_back({.at = world_.truth.steady(), .rows = shared_.rows.copy(), .leases = shared_.leases.data()});
  if (snapshots_.size() > kSnapshots) snapshots_.pop_front();
  world_.after(milliseconds(700), [this] { keep_snapshots(); });
}

// A failover to a replica that had not got the newest: what was acknowledged since is gone, leases too.
void Weather::lose_writes() {
  const auto& back_to = snapshots_[world_.random->below(snapshots_.size())];
  world_.count("store_lost_writes");
  world_.say(
      fmt::format("the store loses {} ms of what it had written", (world_.truth.steady() - back_to.at).count() / 1000));
  shared_.leases_are_true = false;
  shared_.leases_broke_at = world_.truth.steady();
  shared_.ledger.lost_since(back_to.at);
  shared_.rows.restore(*back_to.rows);
  const auto granted = shared_.leases.data();
  shared_.leases.restore(back_to.leases);
  for (const auto& [shard, lease] : granted.leases) {
    shared_.ledger.epochs_lost(shard, shared_.leases.epoch(shard), lease.epoch);
  }
}

void Weather::clear() {
  over_ = true;
  world_.faults = Faults{};
  if (store_clock_is_wrong_) shared_.leases_broke_at = world_.truth.steady();
  shared_.store_was_off = shared_.store_clock.off;
  shared_.store_stepped_at = world_.truth.steady();
  shared_.store_clock.off = Duration{0};
  for (const auto& node : nodes_) {
    node->link.cut = false;
    node->set_clock(Duration{0});
    if (!node->up()) node->start();
  }
}

}  // namespace schedules::sim
