// The traced events of one call of accept: what their accept and store spans say is known when the stores have
// answered. Used by one thread at a time.
#pragma once

#include <array>
#include <vector>

#include "engine/events.h"
#include "engine/tracer.h"
#include "store/near_store.h"
#include "time/clock.h"

namespace schedules {

class AcceptTrace {
 public:
  AcceptTrace(Tracer* tracer, const Clock& clock, PutMode mode) : tracer_(tracer), clock_(clock), mode_(mode) {}

  /// The event at this place of the call, before it is looked at.
  void came(size_t place, const Event& event, TimePoint now) {
    if (tracer_ != nullptr) note(place, event, now);
  }
  /// The stores are asked now.
  void storing() {
    if (!calls_.empty()) storing_at_ = clock_.wall();
  }
  void stored(Tier tier) {
    if (!calls_.empty()) stored_at_[static_cast<size_t>(tier)] = clock_.wall();
  }
  void finish(const std::vector<Accepted>& answers) {
    if (!calls_.empty()) tell(answers);
  }

 private:
  struct Call {
    size_t place = 0;
    TraceStep accept;
  };
  void note(size_t place, const Event& event, TimePoint now);
  void tell(const std::vector<Accepted>& answers);

  Tracer* tracer_;
  const Clock& clock_;
  PutMode mode_;
  std::vector<Call> calls_;
  TimePoint storing_at_;
  std::array<TimePoint, 2> stored_at_;
};

}  // namespace schedules
