// What the API asks of a store of events, near or far: look, find, change. The engine's side is in near_store.h and
// far_store.h; one backend class usually implements both faces.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/time_slots.h"

namespace schedules {

/// All that is set must match. Times are half open: due_from ≤ due_at < due_to.
struct EventFilter {
  std::optional<std::string> topic;
  std::optional<std::string> action;
  std::optional<std::string> entity_type;
  std::optional<std::string> entity_id;
  std::optional<std::string> correlation_id;
  std::optional<std::string> schedule_id;
  std::optional<std::string> source;
  std::optional<std::string> tag;
  std::optional<TimePoint> due_from;
  std::optional<TimePoint> due_to;

  [[nodiscard]] bool matches(const Event& event) const;
};

struct FindRequest {
  EventFilter filter;
  std::string cursor;  ///< from the page before; empty: the first page
  size_t limit = 100;  ///< 1…1000
};

/// Pending events in the order in which they fire (fire_at, then accept order). A page may hold fewer than
/// `limit` and still have a next_cursor: one call looks at a bounded number of events.
struct EventPage {
  std::vector<StoredEvent> events;
  std::string next_cursor;  ///< empty: that was the last page
};

/// How a cancel or a change ended. Linearised against begin: `done` means that the old event is never published.
enum class ChangeResult : uint8_t { done, already_finished, in_flight, not_found, revision_conflict };

struct CancelRequest {
  EventId id;
  std::optional<uint64_t> if_revision;
  TimePoint at;
  std::string reason = "cancelled";
};

struct Changed {
  ChangeResult result = ChangeResult::not_found;
  std::optional<StoredEvent> current;  ///< after the call; absent for not_found
};

struct TierCounts {
  uint64_t pending = 0;  ///< estimate within 1 % allowed beyond 1 million
  uint64_t in_flight = 0;
  uint64_t remembered = 0;                ///< finished ones still remembered; estimate
  std::optional<TimePoint> next_fire_at;  ///< of the first that waits
};

/// All calls are thread-safe, answer once on a thread of the store, and are durable when they answer.
class EventCatalog {
 public:
  virtual ~EventCatalog() = default;
  virtual void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) = 0;
  virtual void find(FindRequest request, Done<EventPage> done) = 0;
  virtual void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) = 0;
  /// Replaces each pending event whose stored revision equals `event.revision`; what is stored gets revision + 1.
  virtual void change(std::vector<Event> events, Done<std::vector<Changed>> done) = 0;
  virtual void counts(Done<TierCounts> done) = 0;
  /// How many of those that wait fire in each slot; what is in flight may count or not. The work of a call is bounded:
  /// a slot in which counting stopped says so, and is exact else.
  virtual void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) = 0;
};

}  // namespace schedules
