#include "tests/sim/world.h"

#include <cstdio>

#include "time/text.h"

namespace schedules::sim {

void World::say(const std::string& what) {
  if (trace) std::fprintf(stderr, "%s %s\n", format_time(truth.wall()).c_str(), what.c_str());
}

}  // namespace schedules::sim
