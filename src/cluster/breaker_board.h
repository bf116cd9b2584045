// What nodes tell each other of targets that are down, so that each need not find it out by failing, nor all try at once
// whether one is up again. Only hints: they may be late or lost, and each node's own breakers decide (sink/breaker.h).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "time/clock.h"

namespace schedules {

struct BreakerNews {
  std::string lane;
  std::optional<Duration> open_for;  ///< nobody should try before; none: it is up again

  bool operator==(const BreakerNews&) const = default;
};

/// One node's place at it. Thread-safe.
class BreakerBoard {
 public:
  /// Called on a thread of the board, one call at a time.
  using Heard = std::function<void(BreakerNews)>;

  virtual ~BreakerBoard() = default;
  /// Hears what others have told and what still holds, again where messages may have been missed; then what they tell.
  /// Once.
  virtual void start(Heard heard) = 0;
  /// Tells the others; waits for nothing, and is not repeated where it fails.
  virtual void tell(BreakerNews news) = 0;
};

}  // namespace schedules
