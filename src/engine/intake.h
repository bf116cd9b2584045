// Intake: implements Events. Accepts (checks, gives ids, routes near or far, stores, then tells the window), looks up,
// cancels and changes. Thread-safe: runs on the callers' and the stores' threads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/events.h"
#include "engine/ports.h"
#include "engine/two_tiers.h"
#include "engine/waiters.h"

namespace schedules {

class Intake final : public Events {
 public:
  /// Called on a store's thread with what now waits in the near store.
  using Arrived = std::function<void(std::vector<WindowEntry>)>;

  Intake(EnginePorts& ports, const EngineOptions& options, Waiters& waiters, Arrived arrived);

  void accept(std::vector<Event> events, AcceptOptions options, Done<std::vector<Accepted>> done) override;
  /// As accept, for occurrences of schedules: a pending one of an older revision is replaced.
  void accept_planned(std::vector<Event> events, Done<std::vector<Accepted>> done);
  /// As accept, for a dead letter: an id remembered as dead waits again.
  void accept_redriven(Event event, Done<Accepted> done);
  void get(EventId id, Done<std::optional<StoredEvent>> done) override;
  void find(FindRequest request, Done<EventPage> done) override;
  void cancel(EventId id, std::optional<uint64_t> if_revision, std::chrono::milliseconds wait,
              Done<ChangeAnswer> done) override;
  void change(EventId id, std::optional<uint64_t> if_revision, Edit edit, Done<ChangeAnswer> done) override;
  void when_ended(EventId id, std::chrono::milliseconds timeout, Done<StoredEvent> done) override;
  void totals(Done<Totals> done) override;
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override;

  /// Whoever waits for this event's end gets the error instead.
  void give_up_waiting(EventId id, const Error& error) { waiters_.fail_all(id, error); }

  /// From now on everything new is refused with shutting_down.
  void stop() { stopping_ = true; }

 private:
  struct Batch;

  void accept_as(PutMode mode, std::vector<Event> events, AcceptOptions options, Done<std::vector<Accepted>> done);
  /// Whether the id is the caller's rather than random.
  bool prepare(Event& event, TimePoint now) const;
  void stored(const std::shared_ptr<Batch>& batch, Tier tier, Result<std::vector<PutOutcome>> outcomes);
  void finish(Batch& batch);
  void change_found(StoredEvent found, std::optional<uint64_t> if_revision, Edit edit, int tries,
                    Done<ChangeAnswer> done);
  void wait_then_cancel(EventId id, std::optional<uint64_t> if_revision, std::chrono::milliseconds wait,
                        ChangeAnswer so_far, Done<ChangeAnswer> done);

  EnginePorts& ports_;
  const EngineOptions& options_;
  Waiters& waiters_;
  Arrived arrived_;
  TwoTiers tiers_;
  std::mutex mutex_;
  TierCounts far_counts_;  ///< as last told: still an answer while the far store is away
  std::atomic<bool> stopping_ = false;
};

}  // namespace schedules
