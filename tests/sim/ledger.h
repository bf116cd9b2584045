// What the outside world knows: every acknowledgement and every publish, and whether they agree with the promises. The
// rules are those of the architecture's "what must always hold"; a breach is kept as one sentence.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/event.h"
#include "model/schedule.h"
#include "tests/support/memory_events.h"
#include "tests/support/memory_schedules.h"

namespace schedules::sim {

class Ledger {
 public:
  struct Published {
    SteadyPoint at;
    uint32_t attempt = 0;
    uint64_t life = 0;
    bool delivered = false;
  };
  struct Known {
    bool acked = false;
    std::optional<SteadyPoint> cancelled_at;
    TimePoint due_at;                          ///< as last acknowledged
    bool change_under_way = false;             ///< asked for and not answered: either due time may fire
    std::optional<SteadyPoint> claimed_until;  ///< acknowledged to a worker, in life claim_life
    uint64_t claim_life = 0;
    bool worker_may_end = false;  ///< a worker said that it is done
    std::vector<Published> publishes;
  };
  struct KnownSchedule {
    uint64_t revision = 0;
    SteadyPoint revision_acked_at{};
    bool stopped = false;  ///< paused or deleted, acknowledged
    bool edit_under_way = false;
    bool ever_edited = false;
  };

  void accepted(const EventId& id, TimePoint due_at);
  void claimed(const EventId& id, SteadyPoint until, uint64_t life);
  /// The worker's answer is sent: from now on the event may wait again, or have ended without a publish.
  void claim_ends(const EventId& id, bool success);
  void cancelled(const EventId& id, SteadyPoint at) { events[id].cancelled_at = at; }
  void published(const Event& event, TimePoint wall, SteadyPoint now, SteadyPoint begun_at, uint64_t life);
  void reported(const EventId& id, bool delivered) { events[id].publishes.back().delivered = delivered; }

  /// After the faults have ended and time has passed: everything acknowledged has come to its end.
  void check_ends(const testing::MemoryEvents& rows, const testing::MemorySchedules& schedules);

  void breach(std::string what) { breaches.push_back(std::move(what)); }

  std::map<EventId, Known> events;
  std::map<std::string, KnownSchedule> schedules;
  std::vector<std::string> breaches;
};

}  // namespace schedules::sim
