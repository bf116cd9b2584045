// A journal in memory that can be told to be away. Answers inline.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <tuple>

#include "journal/journal.h"

namespace schedules::testing {

class MemoryJournal final : public Journal {
 public:
  void append(std::vector<Event> events, bool redriven, Done<void> done) override {
    if (away) return done(fail(Code::unavailable, "away"));
    for (auto& event : events) {
      log.push_back("append");
      last_redriven = redriven;
      held[event.id] = std::move(event);
    }
    done({});
  }
  void forget(std::vector<EventId> ids, Done<void> done) override {
    if (away) return done(fail(Code::unavailable, "away"));
    for (const auto& id : ids) {
      log.push_back("forget");
      held.erase(id);
    }
    done({});
  }
  Result<ReplayProgress> replay(uint32_t shard, ReplayFrom from, const Replay& replay) override {
    const std::scoped_lock lock(mutex);  // shards are replayed side by side
    replays.push_back({shard, from.look, from.hand_on});
    ++replay_count;
    if (away) return fail(Code::unavailable, "away");
    std::vector<Event> events;
    for (const auto& [id, event] : held) events.push_back(event);
    const auto count = events.size();
    if (auto taken = replay.take(std::move(events)); !taken) return fail(taken.error());
    return ReplayProgress{.read = count, .total = count, .events = count, .end = 77, .recent = 70};
  }

  std::map<EventId, Event> held;
  std::vector<std::string> log;
  std::mutex mutex;
  std::vector<std::tuple<uint32_t, int64_t, int64_t>> replays;  ///< shard, look, hand on
  std::atomic<size_t> replay_count = 0;
  bool last_redriven = false;
  std::atomic<bool> away = false;
};

}  // namespace schedules::testing
