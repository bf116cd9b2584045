// Those who use the cluster: they put, cancel, move and claim events and edit schedules, through whichever node they
// reach, and write into the ledger what they were told.
#pragma once

#include "tests/sim/sim_node.h"

namespace schedules::sim {

class Users {
 public:
  Users(World& world, Ledger& ledger, std::vector<std::unique_ptr<SimNode>>& nodes)
      : world_(world), ledger_(ledger), nodes_(nodes) {}

  /// Acts again and again until stop().
  void start() { act(++term_, false); }
  /// Puts events, nothing else, while nothing is broken: each must fire in time.
  void start_watching() { act(++term_, true); }
  void stop() { ++term_; }

  uint64_t accepted = 0;
  uint64_t claims = 0;

 private:
  void act(uint64_t term, bool watching);
  void accept_event(SimNode& node, bool watching);
  void cancel_event(SimNode& node);
  void claim_event(SimNode& node);
  void end_claim(SimNode& node, const EventId& id);
  void move_event(SimNode& node);
  void create_schedule(SimNode& node);
  void edit_schedule(SimNode& node);
  void remove_schedule(SimNode& node, const std::string& id);
  [[nodiscard]] Event some_new_event(bool watching);
  [[nodiscard]] std::optional<EventId> some_event();
  [[nodiscard]] SimNode* some_node();
  uint64_t below(uint64_t bound) { return world_.random->below(bound); }

  World& world_;
  Ledger& ledger_;
  std::vector<std::unique_ptr<SimNode>>& nodes_;
  std::vector<Event> sent_;
  std::vector<std::string> schedule_ids_;
  uint64_t names_ = 0;
  uint64_t term_ = 0;
};

}  // namespace schedules::sim
