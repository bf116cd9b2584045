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
  /// Something due at this time was stored by another node.
  void arrive_elsewhere(uint32_t shard, TimePoint fire_at);
  /// The shards of which this node holds the lease now; what was held of others is forgotten.
  void own(const std::vector<ShardLease>& leases);
  /// That lease has lapsed, or the store says so: nothing of the shard is read or given out until it holds again. A later
  /// one stays.
  void disown(const ShardLease& lease);
  /// Due entries of one shard.
  struct Due {
    BeginRequest request;
    std::vector<TimePoint> held_since;  ///< of each entry: when it came into the window
  };
  /// The best `count` due entries, by rank, in one request for each shard. They are no longer held.
  std::vector<Due> pop(size_t count);
  /// Read everything anew, e.g. after the clock was stepped.
  void reset();

  [[nodiscard]] size_t ready() const { return ready_.size(); }
  [[nodiscard]] size_t held() const { return held_.size(); }

 private:
  struct Shard {
    std::optional<uint64_t> epoch;  ///< of our lease; none: not ours
    bool lapsed = false;            ///< disowned; the coordinator has not said yet whether it is gone or comes back
    TimePoint covered_until = TimePoint::min();
    TimePoint covering_until = TimePoint::min();               ///< of the load under way
    std::optional<TimePoint> next_fire_at = TimePoint::min();  ///< first known beyond covered_until
    bool loading = false;
    bool saturated = false;                 ///< what is due did not fit into the last page
    TimePoint retry_at = TimePoint::min();  ///< after a failed load
    TimePoint loaded_at{};
  };
  struct Held {
    TimePoint fire_at;
    TimePoint since;
  };
  struct Later {
    bool operator()(const WindowEntry& a, const WindowEntry& b) const;
  };

  TimePoint look_at_lapsed(uint32_t index, TimePoint now);
  TimePoint look_now_and_then(TimePoint now);
  [[nodiscard]] TimePoint load_wanted_at(const Shard& shard) const;
  void load(uint32_t index, TimePoint now);
  void loaded(uint32_t index, uint64_t epoch, TimePoint asked_at, Result<WindowPage> page);
  void hold(const WindowEntry& entry, TimePoint now);

  EnginePorts& ports_;
  const EngineOptions& options_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<Shard> shards_;
  TimePoint looked_at_{};
  TimingWheel<WindowEntry> wheel_;
  std::priority_queue<WindowEntry, std::vector<WindowEntry>, Later> ready_;
  std::unordered_map<EventId, Held, EventIdHash> held_;
  std::vector<WindowEntry> due_;
};

}  // namespace schedules
