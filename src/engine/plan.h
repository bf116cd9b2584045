// Plan: makes events of the occurrences of schedules, a little ahead of their time, and decides about those that were
// missed (semantics S3). One occurrence, one event: ids are derived and put if absent, so a pass may be repeated from
// any point. Engine thread only.
//
//   planned_until ───── missed ─────┤ late_after │ now ├──── ahead ────▶ next_execution
//        every nominal time up to here is dealt with; what follows is planned when now + lead reaches it
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/mailbox.h"
#include "engine/intake.h"
#include "engine/ports.h"
#include "engine/rule.h"

namespace schedules {

/// What one pass makes of one schedule. Pure, so that every policy is tested without a store.
struct Plan {
  std::vector<Event> events;        ///< to be put
  std::vector<DeadLetter> letters;  ///< catch_up: fail
  std::vector<Execution> skipped;   ///< decisions not to fire, each with its reason
  Schedule after;                   ///< planned_until, next_execution, planned_count, status
};

struct PlanLimits {
  Duration lead = std::chrono::seconds(5);    ///< an occurrence is planned this long before it is due
  Duration ahead = std::chrono::seconds(10);  ///< how far one pass plans
  size_t per_pass = 1'000;                    ///< occurrences of one schedule
  std::string node_id;
  std::string default_topic;
};

Plan plan_schedule(const Schedule& schedule, const Recurrence& rule, TimePoint now, const PlanLimits& limits);

/// The event of one occurrence.
Event event_of(const Schedule& schedule, const Occurrence& occurrence, const std::string& default_topic);
/// next_execution as users see it: the first due time after now. nullopt when nothing comes any more.
std::optional<TimePoint> shown_next(const Schedule& schedule, const Recurrence& rule, TimePoint now);
/// Sets planned_until and next_execution of a new or edited schedule, so that planning starts at `now`.
void start_planning(Schedule& schedule, const Recurrence& rule, TimePoint now);

/// After an edit that keeps the rule: what is planned and has not fired yet is planned again, as its new self. Ids make
/// sure that what did fire does not fire again.
void plan_again(Schedule& schedule, const Recurrence& rule, TimePoint now);

/// An edit that another program made in the store: checked, then planned anew where what fires when has changed, and
/// again where only what fires has. Errors as Schedules::create's.
Status replan(Schedule& schedule, bool rule_changed, TimePoint now, bool cron_seconds_last);

class Planner {
 public:
  Planner(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox, Intake& intake);

  TimePoint advance(TimePoint now);
  /// A schedule was created or edited: look now.
  void wake() { wake_at_ = TimePoint::min(); }

 private:
  void read();
  void found(Result<std::vector<Schedule>> schedules);
  void put(std::vector<Plan> plans);
  void mark(std::vector<Plan> plans);
  void finish(TimePoint wake_at);

  EnginePorts& ports_;
  const EngineOptions& options_;
  std::shared_ptr<Mailbox> mailbox_;
  Intake& intake_;
  RuleCache rules_;
  PlanLimits limits_;
  TimePoint wake_at_ = TimePoint::min();
  bool busy_ = false;
};

}  // namespace schedules
