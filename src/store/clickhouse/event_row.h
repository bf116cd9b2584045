// One row of event_schedules: an event at one due time, in one state, and how rows of one event outrank each other.
// Internal to this room.
//
// An event's truth is the row of its highest version, over all due times that it ever had, closed rows left out:
//
//   life 8 bits ‖ ended 1 ‖ revision 22 ‖ rank 2 ‖ earliness 18 ‖ node 12 ‖ closed 1
//
// * life: grows when an id is used again after it was forgotten.
// * ended: a cancel outranks every change of that life, whichever node wrote last.
// * revision: the event's own, so that a state that was written for an older revision (transferred) cannot hide a newer.
// * rank: pending, then transferred.
// * earliness: of two nodes that write the same revision at once, the one that began first (milliseconds, counted down;
//   it comes round every four minutes, far longer than such a race lasts). node: a random number of the process, for
//   when both began in one.
// * closed: an old due time's row that waits no more; it outranks that very row and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "clickhouse/row_binary.h"
#include "model/event.h"

namespace schedules {

/// Values of the column `status` that we write; skipped: closed.
enum class FarStatus : int8_t { pending = 1, skipped = 5, transferred = 6, cancelled = 7 };

struct FarRow {
  Event event;
  FarStatus status = FarStatus::pending;
  Outcome outcome;  ///< of a cancelled one
  TimePoint written_at;
  uint64_t version = 0;
  size_t write = kNotWritten;  ///< its place among what a group writes

  static constexpr size_t kNotWritten = SIZE_MAX;

  /// Value of the column schedule_id: the schedule's, or for a plain event its own id.
  [[nodiscard]] std::string schedule_id() const;
  [[nodiscard]] bool same_key(const FarRow& other) const;
};

struct FarVersion {
  uint8_t life = 0;
  bool ended = false;
  uint64_t revision = 0;
  uint8_t rank = 0;

  [[nodiscard]] uint64_t at(TimePoint time, uint64_t node) const;
  static FarVersion of(uint64_t version);
  /// Of a row that closes the one of this version.
  static uint64_t closing(uint64_t version) { return version | 1U; }
};

/// "schedule_id, event_id, …", as append_row writes them.
std::string_view row_columns();
void append_row(std::string& out, const FarRow& row, uint64_t batch);

/// What read_row wants, in its order.
inline constexpr std::string_view kReadColumns = "status, record, body, updated_at, version";
/// Errors: corrupt, newer_layout.
Result<FarRow> read_row(clickhouse::RowReader& reader);

/// event_schedule_ids.
inline constexpr std::string_view kIdColumns = "event_id, scheduled_at, schedule_id, batch";
void append_id(std::string& out, const FarRow& row, uint64_t batch);

}  // namespace schedules
