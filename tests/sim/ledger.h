// What the outside world knows: every acknowledgement and every publish, and whether they agree with the promises. The
// rules are those of the architecture's "what must always hold", each under the name that docs/guarantees.md gives it;
// a breach is kept as one sentence.
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

/// A publish as the world sees it happen.
struct PublishSeen {
  TimePoint truly;    ///< true time
  TimePoint by_node;  ///< by the clock of the machine that publishes
  Duration skew{0};   ///< so much earlier than its due time it may be, by true time
  SteadyPoint now;    ///< true
  SteadyPoint begun_at;
  uint64_t life = 0;                  ///< of the process
  std::optional<uint64_t> epoch_now;  ///< of the shard's lease; none: not looked at
  bool two_may_own = false;           ///< the store broke a lease that its owner still trusts
};

class Ledger {
 public:
  struct Published {
    SteadyPoint at;
    uint64_t epoch = 0;
    uint64_t life = 0;
    bool delivered = false;
  };
  struct Claimed {
    SteadyPoint begun_at;  ///< in the store
    SteadyPoint until;     ///< true
    TimePoint told;        ///< by the clock of the node that holds it
    uint64_t life = 0;     ///< of its process
  };
  struct Known {
    bool acked = false;
    std::optional<SteadyPoint> cancelled_at;
    std::optional<TimePoint> due_at;  ///< as last acknowledged
    bool change_under_way = false;    ///< asked for and not answered: either due time may fire
    std::optional<Claimed> claimed;   ///< acknowledged to a worker
    std::optional<SteadyPoint> given_back_at;
    bool worker_may_end = false;          ///< a worker said that it is done
    bool ended = false;                   ///< its end is stored
    uint64_t ended_by = 0;                ///< of the process
    bool excused = false;                 ///< the store lost something of it that it had acknowledged
    SteadyPoint touched_at{};             ///< in the store
    std::optional<SteadyPoint> fired_by;  ///< nothing is broken: it must have been published then
    std::vector<Published> publishes;
  };
  struct KnownSchedule {
    uint64_t revision = 0;
    SteadyPoint revision_acked_at{};
    bool stopped = false;  ///< paused or deleted, acknowledged
    bool edit_under_way = false;
  };

  void accepted(const EventId& id, TimePoint due_at);
  void must_fire_by(const EventId& id, SteadyPoint at) { events[id].fired_by = at; }
  /// Told to the worker. A node that was silent for so long that others gave it back meanwhile does not hold it.
  void claimed(const EventId& id, const Claimed& claim) {
    auto& known = events[id];
    if (!known.given_back_at || *known.given_back_at < claim.begun_at) known.claimed = claim;
  }
  /// The worker's answer is sent: from now on the event may wait again, or have ended without a publish.
  void claim_ends(const EventId& id, bool success);
  void claim_given_back(const EventId& id, SteadyPoint at) {
    events[id].claimed.reset();
    events[id].given_back_at = at;
  }
  void cancelled(const EventId& id, SteadyPoint at) { events[id].cancelled_at = at; }
  void published(const Event& event, const PublishSeen& seen);
  void reported(const EventId& id, bool delivered) { events[id].publishes.back().delivered = delivered; }
  void died(uint64_t life) { dead_.insert(life); }
  /// It is told to stop, and leaves what it holds to others until the wall clock shows the end of the claim.
  void stops(uint64_t life, SteadyPoint at) { stopped_.try_emplace(life, at); }

  // What happens in the store.
  void touched(const EventId& id, SteadyPoint at) { events[id].touched_at = at; }
  /// This process has begun something under that epoch.
  void began(uint32_t shard, uint64_t epoch, uint64_t life);
  void ended(const EventId& id, uint64_t life) {
    events[id].ended = true;
    events[id].ended_by = life;
  }
  /// A machine died: an end that was not synced is not stored.
  void look_at_ends(const testing::MemoryEvents& rows);
  /// The store has forgotten the shard's epochs after the first one, up to the second, and may grant them again.
  void epochs_lost(uint32_t shard, uint64_t kept, uint64_t last) { lost_epochs_[shard].emplace_back(kept, last); }
  /// All that was written after this moment is gone; what was promised of it is not held against anybody.
  void lost_since(SteadyPoint at);

  /// After the faults have ended and time has passed: everything acknowledged has come to its end.
  void check_ends(const testing::MemoryEvents& rows, const testing::MemoryEvents& far_rows,
                  const testing::MemorySchedules& schedules);
  /// What had to be published by a time was.
  void check_punctual();

  void breach(std::string what) { breaches.push_back(std::move(what)); }

  std::map<EventId, Known> events;
  std::map<std::string, KnownSchedule> schedules;
  std::vector<std::string> breaches;
  size_t excused = 0;

 private:
  void check_time(const Event& event, const PublishSeen& seen);
  void check_repeat(const Event& event, const Known& known, const PublishSeen& seen);
  void check_revision(const Event& event, const PublishSeen& seen);

  [[nodiscard]] bool held_by_worker(const Known& known, const PublishSeen& seen) const;

  std::set<uint64_t> dead_;                  ///< processes
  std::map<uint64_t, SteadyPoint> stopped_;  ///< process → when it was told to
  std::map<uint32_t, std::vector<std::pair<uint64_t, uint64_t>>> lost_epochs_;
  std::map<std::pair<uint32_t, uint64_t>, uint64_t> owners_;  ///< (shard, epoch) → the process that began under it
};

}  // namespace schedules::sim
