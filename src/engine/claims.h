// Claims: an outside worker takes a near event away from the engine, does its work itself and says how it went. While a
// claim lasts the engine does not fire the event; a claim that runs out gives it back. Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/event.h"

namespace schedules {

struct Claim {
  EventId id;
  std::string processor;
  TimePoint at;
  TimePoint until;  ///< then the event waits again
};

/// How the work on an event went, as the worker says.
struct WorkDone {
  bool success = true;
  std::string error;
};

class Claims {
 public:
  virtual ~Claims() = default;

  /// The event is in flight from now on, due or not, until complete, drop or the end of the lease. Held by this
  /// process: where it dies, or the others have not heard of it for as long as its leases last, the event waits again at
  /// once. Where it is stopped, the event waits again when the clocks of the others show `until`.
  /// Errors: conflict (not waiting in the near tier, or not known), overloaded, and those of the stores.
  virtual void claim(EventId id, std::string processor, std::chrono::seconds lease, Done<Claim> done) = 0;

  /// Success: the event has fired. Failure: it waits for a retry, or is dead when those are used up. An event that
  /// waits (its claim ran out, or there was none) is completed all the same; a repeat answers as the first.
  /// Answers the state after it. Errors: not_found, conflict (being published, or ended otherwise), unavailable (the
  /// end is not stored yet, repeat).
  virtual void complete(EventId id, WorkDone work, Done<State> done) = 0;

  /// Cancels a claimed event; false: there is no claim here. Errors: as complete.
  virtual void drop(EventId id, Done<bool> done) = 0;

  /// Who holds it here.
  [[nodiscard]] virtual std::optional<Claim> find(const EventId& id) const = 0;
  [[nodiscard]] virtual std::vector<Claim> all() const = 0;
};

}  // namespace schedules
