// One simulated life of the scheduler, decided by a seed: the real engine, users who do all they may, stores that fail,
// crashes, and a clock that is stepped. The same seed gives the same life.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_stores.h"

namespace schedules::sim {

struct SimOptions {
  uint64_t seed = 1;
  bool trace = false;
  Duration length = std::chrono::seconds(90);
  testing::BrokenGuards broken;
};

struct SimReport {
  std::vector<std::string> breaches;
  uint64_t accepted = 0;
  uint64_t published = 0;
  uint64_t crashes = 0;
  uint64_t claimed = 0;  ///< by workers
  uint64_t hash = 0;     ///< of everything that was published, when: equal for equal seeds
};

SimReport simulate(const SimOptions& options);

}  // namespace schedules::sim
