// What goes wrong: calls that fail or vanish, nodes that die, stop, are paused or cut off, clocks that are set, a store
// that loses what it had acknowledged. Which of it a life sees, its seed decides.
#pragma once

#include <deque>

#include "tests/sim/sim_node.h"

namespace schedules::sim {

class Weather {
 public:
  Weather(Shared& shared, std::vector<std::unique_ptr<SimNode>>& nodes);

  void start();
  /// All is well from now on: machines are up, reachable and on time.
  void clear();

 private:
  struct Snapshot {
    SteadyPoint at;
    std::shared_ptr<const testing::MemoryEvents::Data> rows;
    testing::MemoryLeases::Data leases;
  };
  void change();
  void change_alone(uint64_t dice);
  void change_cluster(uint64_t dice);
  void set_faults(uint64_t dice);
  void crash_alone(bool machine);
  void set_a_clock(SimNode& node);
  void set_store_clock();
  void cut(SimNode& node);
  void keep_snapshots();
  void lose_writes();
  SimNode& some_node() { return *nodes_[world_.random->below(nodes_.size())]; }

  Shared& shared_;
  World& world_;
  std::vector<std::unique_ptr<SimNode>>& nodes_;
  const bool store_clock_is_wrong_;  ///< else the nodes' are: early by true time would need both
  const bool store_loses_;
  std::deque<Snapshot> snapshots_;
  bool over_ = false;
};

}  // namespace schedules::sim
