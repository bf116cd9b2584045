// The engine: everything between the front doors and the sinks, driven by tick(now) → next wake. One thread owns it;
// the stores and sinks answer through its mailbox. With stores that answer inline and a clock moved by hand the same
// code is deterministic: so the unit tests and the simulator run it.
#pragma once

#include <functional>
#include <memory>

#include "base/mailbox.h"
#include "engine/claim_desk.h"
#include "engine/desk.h"
#include "engine/dispatch.h"
#include "engine/intake.h"
#include "engine/plan.h"
#include "engine/ports.h"
#include "engine/settle.h"
#include "engine/transfer.h"
#include "engine/waiters.h"
#include "engine/window.h"

namespace schedules {

class Engine {
 public:
  Engine(EnginePorts ports, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Does all work that is due and answers when there will be more, if nobody posts before. Engine thread.
  TimePoint tick();

  /// Thread-safe front doors.
  Events& events() { return intake_; }
  Schedules& schedules() { return desk_; }
  Claims& claims() { return claims_; }
  /// Puts a dead letter back under its id, with a fresh set of tries; the letter is dropped once that is durable.
  /// `edit` may change it first.
  void redrive(DeadLetter letter, Edit edit, Done<Accepted> done);
  /// Runs a transfer now; answers how many events were moved.
  void transfer_now(Done<uint64_t> done);
  /// Moves these far events near now, whenever they are due; see transfer_some.
  void transfer_now(std::vector<EventId> ids, Done<std::vector<bool>> done);
  /// Another node has put something that is due at this time into the shard. Thread-safe.
  void arrived_elsewhere(uint32_t shard, TimePoint fire_at);
  /// Called when a message is waiting for the engine thread. Set before the first tick.
  void on_message(std::function<void()> wake) { mailbox_->on_first(std::move(wake)); }
  /// The wall clock was stepped, or a store came back: what is cached may be wrong.
  void look_again();
  /// As look_again, and counts it.
  void clock_stepped();

  /// Changes options that are looked at each time: max_concurrent, target_rate, plan_interval.
  void reconfigure(std::function<void(EngineOptions&)> change);

  /// Accepts nothing new, begins nothing new, gives back what has not been published. Engine thread.
  void drain();
  /// After drain: whether everything begun has been settled. Engine thread.
  [[nodiscard]] bool drained() const;

 private:
  void arrived(std::vector<WindowEntry> entries);
  void settled(const Ending& ending);
  void lost(const Ending& ending);

  EnginePorts ports_;
  EngineOptions options_;
  std::shared_ptr<Mailbox> mailbox_;
  Waiters waiters_;
  Intake intake_;
  Window window_;
  Settle settle_;
  Dispatch dispatch_;
  ClaimDesk claims_;
  Planner planner_;
  Transfer transfer_;
  Desk desk_;
  bool draining_ = false;
};

}  // namespace schedules
