// Dispatch: begins what is ready, brings each begun event into the lane of its target, publishes, and decides from the
// reports how each one ends. Engine thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mailbox.h"
#include "engine/lanes.h"
#include "engine/ports.h"
#include "engine/schedule_gate.h"
#include "engine/settle.h"
#include "engine/window.h"

namespace schedules {

class Dispatch {
 public:
  Dispatch(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox, Window& window,
           Settle& settle);

  /// Begins as much as there is room for and starts publishes.
  void pump(TimePoint now);
  /// One begun event has its end stored.
  void settled(const Ending& ending);
  /// One begun event has been put back by another owner of its shard.
  void lost(const Ending& ending);
  /// max_concurrent may have changed.
  void reconfigured() { lanes_.reconfigured(); }
  /// Another node tells of one of its breakers.
  void heard(const BreakerNews& news) { lanes_.heard(news); }
  /// Nothing new is begun from now on.
  void stop() { stopping_ = true; }
  /// Gives queued events that no publish has started for back to the store.
  void give_back(TimePoint now);
  [[nodiscard]] size_t in_flight() const { return in_flight_; }

 private:
  void begin_some();
  /// One request to begin, as it was made. Which entries they were is only kept for the tracer.
  struct Begin {
    uint32_t shard = 0;
    uint64_t epoch = 0;
    size_t asked = 0;
    TimePoint at;
    Window::Due due;
  };
  void begin(Window::Due due);
  void begun(const Begin& begin, Result<std::vector<Event>> events);
  void trace(const Begin& begin, const std::vector<Event>& events, TimePoint now);
  ScheduleGate::Ways ways();
  void admit(Event event, TimePoint now);
  void start(Lane& lane);
  /// What is queued waits outside.
  void send_away(Lane& lane, TimePoint not_before, const char* reason);
  void published(const std::string& lane, std::vector<Delivery> deliveries, SteadyPoint since, Reports reports);
  /// Whether the lease under which it was begun still holds; one that has ended has put the event back.
  [[nodiscard]] bool is_ours(const Event& event) const;
  void forget(const Event& event);
  void postpone(Event event, TimePoint until, std::string reason);
  void end(Event event, State state, std::string reason, std::string detail);
  void decide(Delivery delivery, const DeliveryReport& report, const Lane& lane, Duration took, StepBatch& steps);
  TimePoint retry_time(const Event& event, const DeliveryReport& report, TimePoint now);

  EnginePorts& ports_;
  const EngineOptions& options_;
  std::shared_ptr<Mailbox> mailbox_;
  Window& window_;
  Settle& settle_;
  Lanes lanes_;
  ScheduleGate gate_;
  size_t in_flight_ = 0;        ///< asked to begin, or begun and not settled
  size_t in_flight_bytes_ = 0;  ///< of the bodies of those begun
  double mean_bytes_ = 512;     ///< of a body, smoothed
  bool stopping_ = false;
};

/// The execution record of an event as it stands. Pure.
Execution execution_of(const Event& event, const Outcome& outcome, RunStatus status, const std::string& node_id);

}  // namespace schedules
