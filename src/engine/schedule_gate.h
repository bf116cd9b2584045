// Of begun events that are occurrences of schedules: whether they may fire now. An edited, paused or deleted schedule never
// fires its old self; what is late is judged as a misfire; what meets another run of its schedule, by the overlap
// policy. Engine thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mailbox.h"
#include "engine/misfire.h"
#include "engine/overlap.h"
#include "engine/ports.h"
#include "engine/rule.h"

namespace schedules {

class ScheduleGate {
 public:
  /// What becomes of an event; each that was handed in gets one.
  struct Ways {
    std::function<void(Event)> admit;
    std::function<void(Event, TimePoint until, std::string reason)> postpone;
    std::function<void(Event, State, std::string reason, std::string detail)> end;
  };

  ScheduleGate(EnginePorts& ports, bool cron_seconds_last, std::shared_ptr<Mailbox> mailbox, Ways ways);

  static bool concerns(const Event& event) { return !event.schedule_id.empty() && event.source != "manual"; }
  void judge(std::vector<Event> events);
  /// The end of one that was let through is stored, or its lease has gone (then `ended` is false).
  void gone(const Event& event, const Outcome& outcome, bool ended) { overlaps_.gone(event, outcome, ended); }
  /// Another run was let take its place: it is not to be tried again.
  [[nodiscard]] bool displaced(const EventId& id) const { return overlaps_.displaced(id); }

 private:
  void revisions_known(std::vector<Event> events, const Result<std::vector<ScheduleRevision>>& found);
  void check_misfires(const std::string& schedule_id, std::vector<Event> events, TimePoint begun_at);
  void judge_misfires(std::vector<Event> events, const Result<std::optional<Schedule>>& schedule, TimePoint begun_at);
  void turn_decided(Event event, const Overlaps::Decision& decision);

  EnginePorts& ports_;
  std::shared_ptr<Mailbox> mailbox_;
  Ways ways_;
  Misfires misfires_;
  Overlaps overlaps_;
  RuleCache rules_;
};

}  // namespace schedules
