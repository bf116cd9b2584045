// Which events are in flight, kept in a memory-mapped file, so that the next process knows what this one was doing when
// it died. A mark costs a copy of 16 bytes: no write call, no sync; it survives the process, not the machine.
//
//   DIR/in_flight   kSlots ids (16 bytes each; zeros: free), of the running process; zeroed by a clean end
//   DIR/crashes     id (16) ‖ found out at (micros, 8, big-endian), one for each event and crash
//
// Everything is best effort: without the files no event is quarantined, and nothing else changes. mark and clear need
// the caller's lock; note may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "model/event.h"

namespace schedules::rocks {

class CrashMarks {
 public:
  static constexpr uint32_t kSlots = 16'384;  ///< what is in flight beyond them is not marked
  static constexpr uint32_t kNone = UINT32_MAX;

  /// Reads what the process before left in `dir`, of which only what `waits` is kept. nullptr: not possible (logged).
  static std::unique_ptr<CrashMarks> open(const std::string& dir, TimePoint now,
                                          const std::function<bool(const EventId&)>& waits);
  /// The clean end of the process.
  ~CrashMarks();
  CrashMarks(const CrashMarks&) = delete;

  uint32_t mark(const EventId& id);
  void clear(uint32_t slot);
  /// Adds the crashes of which the event does not know to its attempts.
  void note(Event& event) const;

 private:
  explicit CrashMarks(EventId* slots) : slots_(slots) {}
  Status take_over(const std::string& path, TimePoint now, const std::function<bool(const EventId&)>& waits);

  EventId* slots_;  ///< kSlots of them, mapped
  std::vector<uint32_t> free_;
  std::unordered_map<EventId, std::vector<TimePoint>, EventIdHash> crashes_;
};

}  // namespace schedules::rocks
