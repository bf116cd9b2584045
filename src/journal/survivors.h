// Which records of a partition count, from one pass over it: of each id the newest, unless it says that the event waits no
// more. About 64 bytes for each id that waits, and for each that was published and not compacted yet. Pure.
#pragma once

#include <optional>
#include <unordered_map>

#include "base/ids.h"
#include "journal/record.h"

namespace schedules::journal {

/// An accept that lands behind the record of its own publish is only its echo: what waits anew was accepted later. Clocks of
/// nodes may differ by so much; no id is forgotten, and so taken anew, as soon as that.
inline constexpr Duration kEchoWithin = std::chrono::seconds(30);

class Survivors {
 public:
  void see(const EventId& id, int64_t offset, bool has_value, const Said& said) {
    if (!has_value) {
      waiting_.erase(id);
      if (said.word == Word::fired) fired_[id] = Fired{said.at, offset};
      return;
    }
    const auto fired = fired_.find(id);
    if (fired != fired_.end()) {
      if (said.word != Word::redriven && said.at <= fired->second.at + kEchoWithin) return;
      fired_.erase(fired);
    }
    waiting_[id] = offset;
  }
  /// Whether this record is its id's.
  [[nodiscard]] bool counts(const EventId& id, int64_t offset) const {
    const auto found = waiting_.find(id);
    return found != waiting_.end() && found->second == offset;
  }
  [[nodiscard]] size_t size() const { return waiting_.size(); }
  void forget_fired() { fired_ = {}; }

  struct Fired {
    TimePoint at;
    int64_t offset = 0;
  };
  /// Published, and not waiting anew.
  [[nodiscard]] const std::unordered_map<EventId, Fired, EventIdHash>& fired() const { return fired_; }

 private:
  std::unordered_map<EventId, int64_t, EventIdHash> waiting_;
  std::unordered_map<EventId, Fired, EventIdHash> fired_;
};

}  // namespace schedules::journal
