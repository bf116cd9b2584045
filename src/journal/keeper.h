// What the journaled stores share: appends what waits now, and takes care of what ended while it was appended. Thread-safe;
// what it calls must outlive it, and it what is under way.
#pragma once

#include <vector>

#include "journal/journal.h"
#include "store/event_catalog.h"
#include "time/clock.h"

namespace schedules {

class Keeper {
 public:
  Keeper(Journal& journal, EventCatalog& near, const Clock& clock) : journal_(journal), near_(near), clock_(clock) {}

  /// Answers once they are in the journal.
  void keep(std::vector<Event> events, bool redriven, Done<void> done);
  void forget(std::vector<EventId> ids, Done<void> done);

 private:
  void look_again(std::vector<EventId> ids);

  Journal& journal_;
  EventCatalog& near_;
  const Clock& clock_;
};

}  // namespace schedules
