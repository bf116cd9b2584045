// Near and far store in memory, for unit tests and the simulator: the ports' contract, nothing else. What is not synced
// is remembered apart, so that a crash of the machine can drop it. Not thread-safe: calls answer inline.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "store/event_catalog.h"
#include "store/far_guard.h"
#include "store/far_store.h"
#include "store/near_store.h"

namespace schedules::testing {

/// Guards that can be taken out, to see the tests notice.
struct BrokenGuards {
  bool begin_check = false;    ///< begin answers what the window saw, whatever happened since
  bool put_if_absent = false;  ///< a second put of an id makes a second event
};

class MemoryEvents final : public NearStore, public FarStore, public EventCatalog, public FarGuard {
 public:
  explicit MemoryEvents(const Clock& clock, BrokenGuards broken = {}) : clock_(clock), broken_(broken) {}

  // NearStore
  [[nodiscard]] uint32_t shards() const override { return 1; }
  [[nodiscard]] uint32_t shard_of(const EventId&) const override { return 0; }
  void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) override;
  void window(WindowRequest request, Done<WindowPage> done) override;
  void begin(BeginRequest request, Done<std::vector<Event>> done) override;
  void settle(std::vector<Settlement> settlements, Done<void> done) override;
  // FarStore
  void put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) override;
  void due_before(TimePoint until, size_t limit, Done<FarPage> done) override;
  void mark_transferred(std::vector<FarRevision> moved, Done<void> done) override;
  // EventCatalog
  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override;
  void find(FindRequest request, Done<EventPage> done) override;
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override;
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override;
  void counts(Done<TierCounts> done) override;
  // FarGuard
  void claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) override;
  void hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) override;
  void cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) override;

  /// The process died: what was in flight waits again.
  void process_crash() { in_flight_.clear(); }
  /// The machine died: what was not synced is gone as well.
  void machine_crash();
  [[nodiscard]] const StoredEvent* look(const EventId& id) const;
  [[nodiscard]] size_t waiting() const;
  std::function<std::optional<Error>(const Event&)> refuses;  ///< of a put near; the others of its batch are stored
  size_t window_reads = 0;                                    ///< calls of window() so far

 private:
  struct Row {
    StoredEvent stored;
    uint64_t sequence = 0;
  };
  std::optional<PutOutcome> refused_for_far(const Event& event, PutMode mode);
  PutOutcome put_one(Event event, PutMode mode, Tier tier);
  void sync() { synced_ = rows_; }

  const Clock& clock_;
  BrokenGuards broken_;
  std::map<EventId, Row> rows_;
  std::map<EventId, Row> synced_;
  std::set<EventId> in_flight_;
  std::map<EventId, Event> seen_by_window_;
  std::map<EventId, uint64_t> claims_;     ///< fingerprints
  std::map<EventId, uint64_t> held_back_;  ///< lowest revision that may come near
  uint64_t sequence_ = 0;
};

}  // namespace schedules::testing
