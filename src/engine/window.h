// The window: the next seconds of every shard, held in a timing wheel, and the ready queue of what is due. A cache of
// the near store's order, never the truth: dropping any entry of it only costs another read. Engine thread only.
//
//   store ──load──▶ wheel ──due──▶ ready (by rank) ──pop──▶ begin
//   accept ──arrive──▶ wheel
//
// covered_until: everything pending up to there is held here or in flight. An accepted event inside it arrives by
// message; one beyond it only pulls the time of the next load nearer. So an idle engine reads nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "base/mailbox.h"
#include "engine/ports.h"
#include "wheel/timing_wheel.h"

namespace schedules {

class Window {
 public:
  Window(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox);

  /// Entries that were stored just now (or wait again after a settle).
  void arrive(const std::vector<WindowEntry>& entries);
  /// Starts the loads that are due, moves what is due into the ready queue; answers when to come again.
  TimePoint advance(TimePoint now);
  /// The best `count` due entries of one shard, by rank. They are no longer held.
  std::vector<WindowEntry> pop(size_t count);
  /// Read everything anew, e.g. after the clock was stepped.
  void reset();

  [[nodiscard]] size_t ready() const { return ready_.size(); }
  [[nodiscard]] size_t held() const { return held_.size(); }

 private:
  struct Shard {
    TimePoint covered_until = TimePoint::min();
    TimePoint covering_until = TimePoint::min();               ///< of the load under way
    std::optional<TimePoint> next_fire_at = TimePoint::min();  ///< first known beyond covered_until
    bool loading = false;
    bool saturated = false;                 ///< what is due did not fit into the last page
    TimePoint retry_at = TimePoint::min();  ///< after a failed load
  };
  struct Later {
    bool operator()(const WindowEntry& a, const WindowEntry& b) const;
  };

  [[nodiscard]] TimePoint load_wanted_at(const Shard& shard) const;
  void load(uint32_t index, TimePoint now);
  void loaded(uint32_t index, TimePoint asked_at, Result<WindowPage> page);
  void hold(const WindowEntry& entry);

  EnginePorts& ports_;
  const EngineOptions& options_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<Shard> shards_;
  TimingWheel<WindowEntry> wheel_;
  std::priority_queue<WindowEntry, std::vector<WindowEntry>, Later> ready_;
  std::unordered_map<EventId, TimePoint, EventIdHash> held_;
  std::vector<WindowEntry> due_;
};

}  // namespace schedules
