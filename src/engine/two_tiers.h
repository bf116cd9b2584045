// Near and far store as one, for the front door: where they are different stores, an event that is given, changed or
// cancelled while a transfer may be moving it has one fate all the same. Where one store holds both, each call is just one
// call of it. Thread-safe: answers on the stores' threads.
//
//   far put of a caller's id     claim near → put far
//   near put of a caller's id    put near; claimed: look far; not there (the far put never ended): take the claim's place
//   cancel                       near, else far and then the guard; near again where a transfer has just moved it
//   change of a far event        hold back near → change far → change near, in case a transfer was first
#pragma once

#include <vector>

#include "engine/ports.h"

namespace schedules {

class TwoTiers {
 public:
  explicit TwoTiers(EnginePorts& ports) : ports_(ports) {}

  [[nodiscard]] bool one_store() const { return ports_.guard == nullptr; }

  /// `named`: by event, whether its id is the caller's (an idempotency key, an id of another system) rather than random.
  void put_near(std::vector<Event> events, const std::vector<bool>& named, PutMode mode,
                Done<std::vector<PutOutcome>> done);
  void put_far(std::vector<Event> events, const std::vector<bool>& named, Done<std::vector<PutOutcome>> done);
  void cancel(CancelRequest request, Done<Changed> done);
  /// `event.revision` is the one that was found; `tier` where.
  void change(Event event, Tier tier, Done<Changed> done);

 private:
  struct Put;
  void put_if_not_far(std::vector<Event> events, std::shared_ptr<Put> put, PutMode mode);
  void look_far(std::shared_ptr<Put> put);
  void take_claims(std::shared_ptr<Put> put);
  void put_unclaimed(std::shared_ptr<Put> put, std::vector<PutOutcome> claims);
  void cancel_far(CancelRequest request, Done<Changed> done);
  void change_far(Event event, SteadyPoint since, Done<Changed> done);
  void hold_on(Event event, SteadyPoint since, Changed far, Done<Changed> done);
  void change_near_too(Event event, Changed far, Done<Changed> done);

  EnginePorts& ports_;
};

}  // namespace schedules
