// What a group of requests makes of the events that it touches, in memory: found rows in, rows to write out. Pure; used
// by one round at a time. Internal to this room.
//
// Two orders keep an event whole wherever a process dies between two writes:
// * its pointer (event_schedule_ids) before its row, so that no row is without one;
// * at a change of due time the new row before the old one is closed. In between both are pending, but readers go by the
//   event's truth (event_row.h), which is the new row from the moment it is there.
#pragma once

#include <optional>
#include <unordered_set>
#include <vector>

#include "store/clickhouse/far_lookup.h"
#include "store/event_catalog.h"
#include "store/far_store.h"

namespace schedules {

class FarGroup {
 public:
  /// `node`: of the process, see event_row.h.
  FarGroup(FarSlots found, TimePoint now, uint64_t node, Duration dedupe_window)
      : slots_(std::move(found)), now_(now), node_(node), dedupe_window_(dedupe_window) {}

  PutOutcome put(Event event);
  Changed cancel(const CancelRequest& wanted);
  Changed change(const Event& event);
  void mark_transferred(const FarRevision& moved);
  /// Closes rows that wait although they are not the event's truth.
  void close_strays(const EventId& id);

  /// Of those, pointers are written first and closings last.
  [[nodiscard]] std::vector<const FarRow*> pointers() const;
  [[nodiscard]] std::vector<const FarRow*> rows() const;
  [[nodiscard]] std::vector<const FarRow*> closings() const;

  /// Cancelled and changed ids: they must be looked at again once written, since another node may have done the same.
  [[nodiscard]] std::vector<EventId> contested() const;
  /// `found` after the write. An id whose truth is not what this group made of it is lost to another node.
  void compare(const FarSlots& found);
  /// What a change or cancel of a lost id answers; nullopt: it is not lost.
  [[nodiscard]] std::optional<Changed> lost(const EventId& id) const;

 private:
  enum class How : uint8_t { closing, row, new_row };
  struct Write {
    const FarSlot* slot = nullptr;  ///< of slots_, which never loses one
    size_t row = 0;                 ///< of slot->rows, which only grow
    How how = How::row;
  };

  void keep(FarRow row, How how);
  [[nodiscard]] const FarRow* live(const EventId& id) const;
  [[nodiscard]] std::vector<const FarRow*> of(std::initializer_list<How> kinds) const;

  FarSlots slots_;
  const TimePoint now_;
  const uint64_t node_;
  const Duration dedupe_window_;
  std::vector<Write> writes_;
  std::unordered_set<EventId, EventIdHash> contested_;
  std::unordered_map<EventId, std::optional<Changed>, EventIdHash> lost_;
};

/// As the catalog shows a row; nullopt where it is not (any more) the far tier's: transferred, moved, forgotten.
std::optional<StoredEvent> shown(const FarRow& row, TimePoint now, Duration dedupe_window);

}  // namespace schedules
