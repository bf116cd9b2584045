// Far events in ClickHouse: far store and catalog of the far tier. Owned by the wiring; thread-safe. Nothing here waits
// for the server: while it is away calls answer `unavailable`, and the tables are made, or brought to this version's
// layout, by the first call that reaches it.
//
// What several nodes do to one event at once:
// * Within a process all writes are in one order (far_writer.h).
// * A cancel and a change, or a transfer and a change: exact (event_row.h: a cancel outranks, a transfer marks only the
//   revision that it read; each looks again at what it wrote).
// * Two changes of one revision: one wins, the other answers revision_conflict. Not so where a node began its change
//   first, and wrote it only after the other had made, read and acknowledged its own: then the acknowledged one is
//   replaced. ClickHouse has nothing to compare and set with. A caller who needs more asks one node.
// * Two puts of one absent id: both may answer created. FarGuard's claims (far_guard.h) prevent it; without them the
//   near store, which takes an id once, makes it one firing.
// A read after an acknowledged write sees it on a server alone; with replicas, by the URL's insert_quorum and
// select_sequential_consistency.
//
// Order is by due time: a far event is never retried, so it fires when it is due.
#pragma once

#include <chrono>
#include <memory>

#include "base/random.h"
#include "clickhouse/client.h"
#include "store/clickhouse/migrations.h"
#include "store/event_catalog.h"
#include "store/far_store.h"

namespace schedules {

struct ClickHouseFarOptions {
  clickhouse::Url url;
  clickhouse::Options client;
  std::chrono::seconds dedupe_window{24 * 3600};  ///< how long cancelled ids are remembered
};

/// Errors beside those of the ports: newer_layout, overloaded (put, cancel, change: retry_after is set).
class ClickHouseFarStore final : public FarStore, public EventCatalog {
 public:
  /// Never asks the server. Clock and random must outlive the store. Errors: internal.
  static Result<std::unique_ptr<ClickHouseFarStore>> open(ClickHouseFarOptions options, const Clock& clock,
                                                          Random& random);
  /// What is under way answers shutting_down; it may have been done or not.
  ~ClickHouseFarStore() override;

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
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override;

  /// For health: the server answers, and the tables are this version's.
  void probe(Done<void> done);
  /// What opening would find and change, without touching it. Errors: unavailable and the like.
  void inspect(Done<ClickHouseLayoutStatus> done);
  /// Drops past partitions in which nothing waits; answers how many. Done by itself after a transfer, once an hour.
  void sweep(Done<size_t> done);

  class Parts;
  explicit ClickHouseFarStore(std::unique_ptr<Parts> parts);

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace schedules
