// The near store as the engine sees it: events due within the horizon, in shards, ordered by when they fire.
// Every change of state is one atomic step; begin is the point at which a firing becomes certain.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "model/event.h"

namespace schedules {

enum class PutMode : uint8_t {
  if_absent,       ///< an id that is pending, in flight or remembered is left alone
  planned,         ///< as if_absent, but replaces a pending occurrence of an older schedule revision
  from_far_store,  ///< as if_absent; takes over an id that the far tier of the same store holds
  redriven,        ///< as if_absent, but an id remembered as dead waits again
};

enum class PutResult : uint8_t {
  created,
  exists,    ///< the same id and the same fingerprint
  conflict,  ///< the same id, another fingerprint
};

struct PutOutcome {
  PutResult result = PutResult::created;
  std::optional<StoredEvent> existing;  ///< for exists and conflict
  uint64_t sequence = 0;                ///< accept order; for created
  std::optional<Error> error;           ///< of a store in several places: this one was not stored, others were
};

/// One waiting event, light enough that a window of many fits in memory.
struct WindowEntry {
  EventId id;
  TimePoint fire_at;
  uint64_t sequence = 0;  ///< accept order, breaks ties of fire_at; 0: not known, begin finds it by id
  int8_t priority = 0;
  uint32_t shard = 0;
};

struct WindowRequest {
  uint32_t shard = 0;
  uint64_t epoch = 0;
  TimePoint now;
  TimePoint until;
  size_t limit = 0;
};

/// Entries not in flight with fire_at ≤ until: first those due by `now`, best rank first (Event::rank), then the
/// later ones by fire_at. At most `limit`.
struct WindowPage {
  std::vector<WindowEntry> entries;
  /// Everything pending with fire_at ≤ this is in `entries` or in flight. TimePoint::min() where what is already
  /// due did not fit: ask again once these are begun.
  TimePoint covered_until;
  std::optional<TimePoint> next_fire_at;  ///< of the first event after covered_until, if there is one
};

struct BeginRequest {
  uint32_t shard = 0;
  uint64_t epoch = 0;
  std::vector<WindowEntry> entries;
};

/// The end of one begun event. outcome.state pending: it waits again until event.fire_at (a retry; attempts and
/// fire_at are taken from `event`). A final state: it is remembered with the outcome, without its body. It applies only
/// to the event as it was begun, so that one which is sent twice (its first answer was lost) does nothing.
struct Settlement {
  uint32_t shard = 0;
  uint64_t epoch = 0;
  TimePoint begun_fire_at;  ///< the fire_at under which begin answered it (with event.schedule_revision)
  Event event;
  Outcome outcome;
};

/// All calls are thread-safe and answer once, on a thread of the store. Errors: unavailable, disk_full, io_error,
/// stale_epoch (window, begin, settle). An error of the whole call: nothing of the batch is known to be stored; the caller
/// may try again, since no call does a thing twice.
class NearStore {
 public:
  virtual ~NearStore() = default;
  /// How many shards there are; fixed for the life of the data.
  [[nodiscard]] virtual uint32_t shards() const = 0;
  [[nodiscard]] virtual uint32_t shard_of(const EventId& id) const = 0;
  /// Stores events; durable (synced) when it answers. Outcomes are in the order of `events`.
  virtual void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) = 0;
  virtual void window(WindowRequest request, Done<WindowPage> done) = 0;
  /// Marks events in flight and answers those that still wait at just this fire_at, whole, in the order asked.
  virtual void begin(BeginRequest request, Done<std::vector<Event>> done) = 0;
  /// Ends or gives back begun events, all or none. Need not be synced: a settle lost with the machine repeats a
  /// delivery, which at-least-once allows.
  virtual void settle(std::vector<Settlement> settlements, Done<void> done) = 0;
};

}  // namespace schedules
