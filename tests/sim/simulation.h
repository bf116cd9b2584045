// One simulated life of a cluster, decided by a seed: the real engines and the real rounds of its nodes, users who do
// all they may, and everything that goes wrong. Every third life is one node alone on its embedded store. The same seed
// gives the same life.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/memory_events.h"

namespace schedules::sim {

struct SimOptions {
  uint64_t seed = 1;
  bool trace = false;
  Duration length = std::chrono::seconds(90);  ///< of the bad weather
  testing::BrokenGuards broken;
  // Further controls.
  bool bounded_clocks = true;        ///< false: nodes believe their own clocks
  bool late_requests_count = false;  ///< of leases
  bool stores_look_alike = false;    ///< nobody learns that the store is another one, and may have lost writes
  bool claims_given_back = true;     ///< false: only before a window, which a node without shards does not read
};

struct SimReport {
  std::vector<std::string> breaches;
  uint64_t nodes = 0;
  uint64_t accepted = 0;
  uint64_t published = 0;
  uint64_t claimed = 0;                    ///< by workers
  uint64_t excused = 0;                    ///< events of which the store lost something it had acknowledged
  std::map<std::string, uint64_t> faults;  ///< by kind
  uint64_t hash = 0;                       ///< of everything that was published, when: equal for equal seeds
};

SimReport simulate(const SimOptions& options);

}  // namespace schedules::sim
