// The front door for events: what REST, the library and ingest call. Thread-safe. Implemented by Engine's rooms
// accept, route and change; see docs/architecture.md for the way of an event.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/schedule.h"
#include "store/event_catalog.h"
#include "store/near_store.h"

namespace schedules {

/// What became of one submitted event. `error` set: it was refused and nothing of it is stored.
struct Accepted {
  PutResult result = PutResult::created;
  StoredEvent stored;  ///< as it stands now; for created: pending. Its body may be empty unless asked for
  bool late = false;   ///< due in the past: it fires at once
  std::optional<Error> error;
};

struct AcceptOptions {
  bool echo = false;  ///< give `stored` its whole event back (else only id, due_at, tier)
};

/// Answer of a cancel or change, semantics S10.
struct ChangeAnswer {
  ChangeResult result = ChangeResult::not_found;
  std::optional<StoredEvent> current;
};

/// Changes a copy of the stored event; may refuse. Called on a store's thread; must not block.
using Edit = std::function<Status(Event&)>;

/// The id of the event that is put with this idempotency key.
EventId id_of_key(std::string_view idempotency_key);

class Events {
 public:
  virtual ~Events() = default;

  /// Checks, gives ids, routes near or far, stores. Durable when it answers; one answer per event, in order.
  /// An id of all zeros means: derive it from idempotency_key, else make one. created_at, fire_at, fingerprint
  /// and revision are set here. The whole call fails only for unavailable, disk_full, io_error, overloaded,
  /// shutting_down.
  virtual void accept(std::vector<Event> events, AcceptOptions options, Done<std::vector<Accepted>> done) = 0;

  /// Pending, in flight or remembered; an expired memory or an unknown id is nullopt.
  virtual void get(EventId id, Done<std::optional<StoredEvent>> done) = 0;
  /// Pending ones, near tier first, in firing order.
  virtual void find(FindRequest request, Done<EventPage> done) = 0;

  /// `wait` > 0: if it is in flight, waits up to that long for the end and answers already_finished then (or, where
  /// it failed and waits for a retry, cancels it).
  virtual void cancel(EventId id, std::optional<uint64_t> if_revision, std::chrono::milliseconds wait,
                      Done<ChangeAnswer> done) = 0;
  /// Compare-and-set; without if_revision it is tried again after a lost race.
  virtual void change(EventId id, std::optional<uint64_t> if_revision, Edit edit, Done<ChangeAnswer> done) = 0;

  /// Calls back when the event has ended (final state) or `timeout` has passed (then: timeout error). For
  /// `execute`, which answers what became of it.
  virtual void when_ended(EventId id, std::chrono::milliseconds timeout, Done<StoredEvent> done) = 0;

  struct Totals {
    TierCounts near;
    TierCounts far;
    uint64_t dead_letters = 0;
  };
  virtual void totals(Done<Totals> done) = 0;
  /// How many of those that wait fire in each slot, of both tiers. Where the far one cannot be asked, each slot may be more.
  virtual void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) = 0;
};

/// Checks an event against the bounds of event.h and says which field is wrong: names present and printable, sizes,
/// priority, due time not beyond kMaxDelay. All faults at once (Error::more). Pure.
Status check_event(const Event& event, TimePoint now);

}  // namespace schedules
