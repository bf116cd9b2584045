// A progress bar on stderr, where that is a terminal; else nothing.
#pragma once

#include <cstdint>
#include <optional>

#include "time/clock.h"

namespace schedules::cli {

class Progress {
 public:
  /// `total` bytes are to come, where that is known.
  Progress(std::optional<uint64_t> total, const Clock& clock);
  /// At most ten times a second; cheap otherwise.
  void show(uint64_t bytes, uint64_t events);
  void finish();
  /// Makes room for a line on stderr.
  static void clear();

 private:
  std::optional<uint64_t> total_;
  const Clock& clock_;
  SteadyPoint begin_;
  SteadyPoint shown_;
  bool terminal_;
};

}  // namespace schedules::cli
