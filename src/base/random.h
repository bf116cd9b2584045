// Randomness comes in through constructors, so that the simulator decides it. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>

namespace schedules {

__extension__ using Wide = unsigned __int128;  ///< for the high half of a 64-bit product

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
  /// Uniform in [0, bound); bound > 0.
  uint64_t below(uint64_t bound) { return static_cast<uint64_t>((static_cast<Wide>(next()) * bound) >> 64U); }
};

/// Seeded from the operating system.
std::unique_ptr<Random> system_random();
/// The same numbers for the same seed, for tests and the simulator.
std::unique_ptr<Random> seeded_random(uint64_t seed);

}  // namespace schedules
