// The runs of a schedule that go on, or wait for their turn, for its overlap policy (semantics S4): what one node begins the
// others must know of. A few entries for each schedule that does not allow overlaps, none for any other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "time/clock.h"

namespace schedules {

struct RunEntry {
  EventId event;
  TimePoint nominal;   ///< of its occurrence
  TimePoint until;     ///< counts no longer than this
  bool waits = false;  ///< its turn has not come

  bool operator==(const RunEntry&) const = default;
};

/// Pure; called on a thread of the store, and again where another node was first.
using RunChange = std::function<void(std::vector<RunEntry>&)>;

class RunBook {
 public:
  virtual ~RunBook() = default;
  /// Changes the list of one schedule in one atomic step, durable when it answers: with the list as it is then. An empty
  /// list is not kept. Thread-safe; answers once, on a thread of the store. Errors: unavailable, disk_full, io_error.
  virtual void change_runs(std::string schedule_id, RunChange change, Done<std::vector<RunEntry>> done) = 0;
};

/// The list as a store keeps it: u8 layout ‖ count ‖ { event ‖ nominal ‖ until ‖ waits }. Errors of reading: corrupt,
/// newer_layout.
std::string pack_runs(const std::vector<RunEntry>& runs);
Result<std::vector<RunEntry>> unpack_runs(std::string_view bytes);

}  // namespace schedules
