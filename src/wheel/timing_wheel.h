// A timing wheel: what is due within the next seconds, in slots of one tick. Owned by one thread.
//
//   slot   0      1      2      3    …  8191        one tick = 1 ms, one turn = 8.192 s
//        [a b]  [    ]  [c   ]  [    ]
//          ^ cursor                                 far: everything later than one turn, ordered
//
// A used slot has its bit set, so the next wake-up is found by scanning 128 words at most, whatever is held. A slot
// may hold things of the same tick that are not due yet: `advance` gives out only what has at ≤ now, so nothing is
// ever early, not even by a part of a tick. The clock may step back: the cursor stays, and what is then inserted for
// a time before it waits in the cursor's slot until now reaches it.
#pragma once

#include <array>
#include <bit>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "time/clock.h"

namespace schedules {

template <class Item>
class TimingWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(1);
  static constexpr int64_t kSlots = 8192;

  explicit TimingWheel(TimePoint start) : cursor_(tick_of(start)) {}

  void insert(TimePoint at, Item item) {
    ++size_;
    const int64_t tick = std::max(tick_of(at), cursor_);
    if (tick >= cursor_ + kSlots) {
      far_.emplace(at, std::move(item));
    } else {
      put(tick, at, std::move(item));
    }
  }

  /// Appends everything with at ≤ now to `due`, by tick; within a tick in order of insertion.
  void advance(TimePoint now, std::vector<Item>& due) {
    for (auto wake = next_wake(); wake && *wake <= now; wake = next_wake()) {
      const int64_t tick = first_used();
      if (tick < 0) {
        move_cursor(tick_of(*wake));  // brings in what was beyond one turn
        continue;
      }
      move_cursor(tick);
      if (take_due(slots_[index(tick)], now, due)) clear_bit(index(tick));
    }
    move_cursor(tick_of(now));
  }

  /// The earliest time at which `advance` will give something out; nullopt when empty.
  [[nodiscard]] std::optional<TimePoint> next_wake() const {
    const int64_t tick = first_used();
    if (tick >= 0) return slots_[index(tick)].earliest;
    if (!far_.empty()) return far_.begin()->first;
    return std::nullopt;
  }

  [[nodiscard]] size_t size() const { return size_; }

 private:
  struct Slot {
    std::vector<std::pair<TimePoint, Item>> items;
    TimePoint earliest = TimePoint::max();
  };

  static int64_t tick_of(TimePoint at) {
    return std::chrono::floor<std::chrono::milliseconds>(at).time_since_epoch().count();
  }
  static size_t index(int64_t tick) { return static_cast<size_t>(tick) & (kSlots - 1); }
  void clear_bit(size_t slot) { used_[slot / 64] &= ~(1ULL << (slot % 64)); }

  void put(int64_t tick, TimePoint at, Item item) {
    const size_t slot = index(tick);
    auto& target = slots_[slot];
    target.items.emplace_back(at, std::move(item));
    target.earliest = std::min(target.earliest, at);
    used_[slot / 64] |= 1ULL << (slot % 64);
  }

  // Moves out what is due; true when the slot is empty afterwards.
  bool take_due(Slot& slot, TimePoint now, std::vector<Item>& due) {
    auto kept = slot.items.begin();
    slot.earliest = TimePoint::max();
    for (auto& item : slot.items) {
      if (item.first <= now) {
        due.push_back(std::move(item.second));
        --size_;
      } else {
        slot.earliest = std::min(slot.earliest, item.first);
        if (&item != &*kept) *kept = std::move(item);
        ++kept;
      }
    }
    slot.items.erase(kept, slot.items.end());
    if (slot.items.empty() && slot.items.capacity() > 64) slot.items.shrink_to_fit();
    return slot.items.empty();
  }

  // Forward only; what comes within one turn of the cursor moves into its slot.
  void move_cursor(int64_t tick) {
    cursor_ = std::max(cursor_, tick);
    while (!far_.empty() && tick_of(far_.begin()->first) < cursor_ + kSlots) {
      auto node = far_.extract(far_.begin());
      put(std::max(tick_of(node.key()), cursor_), node.key(), std::move(node.mapped()));
    }
  }

  // The first used tick at or after the cursor, within one turn; -1 when there is none.
  [[nodiscard]] int64_t first_used() const {
    const size_t start = index(cursor_);
    constexpr size_t kWords = kSlots / 64;
    for (size_t i = 0; i <= kWords; ++i) {
      const size_t word = (start / 64 + i) % kWords;
      uint64_t bits = used_[word];
      if (i == 0) bits &= ~0ULL << (start % 64);
      if (i == kWords) bits &= ~(~0ULL << (start % 64));
      if (bits == 0) continue;
      const size_t slot = word * 64 + static_cast<size_t>(std::countr_zero(bits));
      return cursor_ + static_cast<int64_t>((slot - start) & (kSlots - 1));
    }
    return -1;
  }

  int64_t cursor_;
  size_t size_ = 0;
  std::vector<Slot> slots_{kSlots};
  std::array<uint64_t, kSlots / 64> used_{};
  std::multimap<TimePoint, Item> far_;
};

}  // namespace schedules
