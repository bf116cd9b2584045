// Which events are being fired, and which are being changed: the place where begin and cancel meet.
//
//   begin   mark → looking ─ found ──▶ begun ─ settle ──▶ settling ─ committed ──▶ gone
//                      └──── not found ──▶ gone              └─ failed ──▶ begun
//   change  claim … release, around its commit
//
// Of a begin and a change of one id the first wins. A change that meets `looking` waits for the look to end, a begin
// that meets a claim waits for its release; a begin waits before it has marked anything, so neither waits for ever.
// Thread-safe. Memory: what is in flight, which the engine bounds.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "store/near_store.h"
#include "store/rocksdb/crash_marks.h"
#include "store/rocksdb/layout.h"

namespace schedules::rocks {

class InFlight {
 public:
  struct Begun {
    DueKey due;
    bool moved = false;
  };

  /// Where what is begun is marked for the next process; before the first begin.
  void keep_marks(std::unique_ptr<CrashMarks> marks) { marks_ = std::move(marks); }
  /// Tells the event of the crashes it was in flight at.
  void note_crashes(Event& event) const {
    if (marks_) marks_->note(event);
  }

  /// For begin: true for each entry which now is `looking`, false for those already in flight.
  std::vector<bool> mark(std::span<const WindowEntry> entries);
  struct Look {
    EventId id;
    std::optional<Begun> found;
  };
  /// Ends every look of a mark.
  void decide(std::span<const Look> looks);

  /// For a change, on the writer's thread: true until release() keeps begin away; false: it is in flight.
  bool claim(const EventId& id);
  void release(std::span<const EventId> ids);

  /// For settle: nullopt for an id that is not begun, or is being settled already.
  std::optional<Begun> start_settling(const EventId& id);
  void finish_settling(std::span<const EventId> ids);
  void undo_settling(std::span<const EventId> ids);

  [[nodiscard]] bool contains(const EventId& id) const;
  [[nodiscard]] size_t size() const;
  [[nodiscard]] std::vector<std::pair<EventId, DueKey>> all() const;

 private:
  enum class Stage : uint8_t { looking, begun, settling };
  struct Entry {
    Stage stage = Stage::looking;
    Begun begun;
    uint32_t mark = CrashMarks::kNone;
  };
  void erase(const EventId& id);

  mutable std::mutex mutex_;
  std::condition_variable decided_;
  std::condition_variable released_;
  std::unordered_map<EventId, Entry, EventIdHash> entries_;
  std::unordered_set<EventId, EventIdHash> claimed_;
  std::unique_ptr<CrashMarks> marks_;
};

}  // namespace schedules::rocks
