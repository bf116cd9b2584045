// The events of one shard that were published and whose end the store does not have yet: by the offset of their end in the
// journal, so that a next owner knows from where to read. Not thread-safe. Pure.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/ids.h"

namespace schedules {

class Unsettled {
 public:
  /// What an owner finds: everything before `end` is settled but what is added.
  void begin_at(int64_t end) {
    offsets_.clear();
    by_id_.clear();
    end_ = end;
  }
  void add(const EventId& id, int64_t offset) {
    if (const auto [at, is_new] = by_id_.try_emplace(id, offset); !is_new) {
      offsets_.erase({at->second, id});
      at->second = offset;
    }
    offsets_.insert({offset, id});
    end_ = std::max(end_, offset + 1);
  }
  void settled(const EventId& id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    offsets_.erase({found->second, id});
    by_id_.erase(found);
  }
  [[nodiscard]] std::optional<int64_t> offset_of(const EventId& id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? std::nullopt : std::optional(found->second);
  }
  /// Ends before this are all settled.
  [[nodiscard]] int64_t from() const { return offsets_.empty() ? end_ : offsets_.begin()->first; }

 private:
  std::set<std::pair<int64_t, EventId>> offsets_;
  std::unordered_map<EventId, int64_t, EventIdHash> by_id_;
  int64_t end_ = 0;
};

}  // namespace schedules
