#include "engine/plan.h"

#include <algorithm>

#include "base/log.h"
#include "engine/schedules.h"

namespace schedules {
namespace {

constexpr size_t kPage = 500;
constexpr size_t kSkipsListed = 100;
constexpr Duration kPlanRetry = std::chrono::seconds(1);

Execution skipped_execution(const Schedule& schedule, const Occurrence& occurrence, std::string reason,
                            std::string detail, TimePoint now, const std::string& node_id) {
  const auto id = derived_id(fmt::format("occurrence:{}:{}", schedule.id, to_micros(occurrence.nominal)));
  return Execution{.id = id.text() + "-skip",
                   .event_id = id,
                   .schedule_id = schedule.id,
                   .schedule_name = schedule.name,
                   .topic = schedule.topic.value_or(""),
                   .entity_type = schedule.event_type,
                   .entity_id = schedule.event_entity_id.value_or(""),
                   .action = schedule.event_action,
                   .correlation_id = schedule.event_correlation_id.value_or(""),
                   .due_at = occurrence.due,
                   .executed_at = now,
                   .status = RunStatus::skipped,
                   .state = State::skipped,
                   .reason = std::move(reason),
                   .error = std::move(detail),
                   .node_id = node_id};
}

// Why one of them could not be stored now. Then the whole pass is repeated: what is there already stays as it is.
std::optional<Error> not_stored(const Result<std::vector<Accepted>>& accepted) {
  if (!accepted) return accepted.error();
  for (const auto& one : *accepted) {
    if (one.error && retryable(one.error->code)) return one.error;
  }
  return std::nullopt;
}

// What becomes of the occurrences that passed more than late_after ago.
class CatchUpPlan {
 public:
  CatchUpPlan(const Schedule& schedule, const Recurrence& rule, TimePoint now, const PlanLimits& limits, Plan& plan)
      : schedule_(schedule), rule_(rule), now_(now), limits_(limits), plan_(plan) {}

  // `after`: nominal of the last one dealt with. Answers the nominal of the newest missed one.
  TimePoint run(TimePoint after, uint64_t& count) {
    const TimePoint window_start = now_ - schedule_.catch_up_window;
    const TimePoint cutoff = now_ - schedule_.late_after;
    if (after < window_start) {
      const auto old = missed(after, window_start, count);
      count += old.count;
      skip(old.oldest, old.count, "catch_up_window");
      if (old.newest) after = old.newest->nominal;
    }
    const auto recent = missed(after, cutoff, count);
    if (recent.count == 0) return after;
    count += recent.count;
    apply(recent);
    return recent.newest->nominal;
  }

 private:
  [[nodiscard]] Missed missed(TimePoint after, TimePoint until, uint64_t fired) const {
    return rule_.missed(MissedQuery{
        .after = after, .now = until, .list = std::max<size_t>(schedule_.catch_up_max, kSkipsListed), .fired = fired});
  }

  void apply(const Missed& missed) {
    switch (schedule_.catch_up) {
      case CatchUp::last:
        return fire(*missed.newest, missed.count - 1, 0);
      case CatchUp::first: {
        fire(missed.oldest.front(), 0, 0);
        std::vector<Occurrence> rest(missed.oldest.begin() + 1, missed.oldest.end());
        return skip(rest, missed.count - 1, "misfire");
      }
      case CatchUp::all:
        return fire_all(missed);
      case CatchUp::skip:
        return skip(missed.oldest, missed.count, "misfire");
      case CatchUp::fail:
        return bury(missed);
    }
  }

  void fire(const Occurrence& occurrence, uint64_t missed_count, size_t place) {
    auto event = event_of(schedule_, occurrence, limits_.default_topic);
    event.missed_count = static_cast<uint32_t>(std::min<uint64_t>(missed_count, UINT32_MAX));
    const double wait_s = static_cast<double>(place) / std::max(schedule_.catch_up_rate, 0.001);
    event.fire_at = now_ + Duration{static_cast<int64_t>(wait_s * 1e6)};
    plan_.events.push_back(std::move(event));
  }

  void fire_all(const Missed& missed) {
    const size_t fires = std::min<size_t>(missed.oldest.size(), schedule_.catch_up_max);
    for (size_t i = 0; i < fires; ++i) fire(missed.oldest[i], 0, i);
    const auto first_left = missed.oldest.begin() + static_cast<std::ptrdiff_t>(fires);
    skip({first_left, missed.oldest.end()}, missed.count - fires, "catch_up_max");
  }

  void bury(const Missed& missed) {
    auto event = event_of(schedule_, *missed.newest, limits_.default_topic);
    event.missed_count = static_cast<uint32_t>(std::min<uint64_t>(missed.count - 1, UINT32_MAX));
    event.created_at = now_;
    event.fire_at = event.due_at;
    plan_.letters.push_back(DeadLetter{.event = std::move(event),
                                       .reason = "misfire",
                                       .detail = fmt::format("{} occurrences were missed", missed.count),
                                       .died_at = now_});
  }

  void skip(const std::vector<Occurrence>& listed, uint64_t count, const std::string& reason) {
    const size_t rows = std::min(listed.size(), kSkipsListed);
    for (size_t i = 0; i < rows; ++i) {
      const bool last = i + 1 == rows && count > rows;
      auto detail = last ? fmt::format("and {} more after it", count - rows) : std::string();
      plan_.skipped.push_back(
          skipped_execution(schedule_, listed[i], reason, std::move(detail), now_, limits_.node_id));
    }
  }

  const Schedule& schedule_;
  const Recurrence& rule_;
  TimePoint now_;
  const PlanLimits& limits_;
  Plan& plan_;
};

}  // namespace

Event event_of(const Schedule& schedule, const Occurrence& occurrence, const std::string& default_topic) {
  Event event;
  event.id = derived_id(fmt::format("occurrence:{}:{}", schedule.id, to_micros(occurrence.nominal)));
  event.topic = schedule.topic.value_or(default_topic);
  event.entity_type = schedule.event_type;
  event.action = schedule.event_action;
  event.entity_id = schedule.event_entity_id.value_or(
      derived_id("entity:" + event.id.text()).text());  // consumers want one, the same on every try
  event.body = schedule.event_payload.value_or("{}");
  event.headers = schedule.event_headers;
  event.correlation_id = schedule.event_correlation_id.value_or("");
  event.actor_type = schedule.actor_type;
  event.actor_id = schedule.actor_id;
  event.tags = schedule.tags;
  event.target = schedule.target;
  event.source = "schedule";
  event.due_at = occurrence.due;
  event.fire_at = occurrence.due;
  event.nominal_at = occurrence.nominal;
  event.priority = schedule.priority;
  event.max_delay = schedule.max_delay;
  event.max_retries = schedule.max_retries;
  event.retry_delay = schedule.retry_delay;
  event.schedule_id = schedule.id;
  event.schedule_name = schedule.name;
  event.schedule_revision = schedule.revision;
  event.fingerprint = 1;  // its id says all: the same occurrence is never a conflict
  return event;
}

std::optional<TimePoint> shown_next(const Schedule& schedule, const Recurrence& rule, TimePoint now) {
  if (schedule.status != ScheduleStatus::active) return std::nullopt;
  TimePoint after = now - schedule.jitter - Duration(1);
  for (int i = 0; i < 1'000; ++i) {
    const auto next = rule.next(after);
    if (!next) return std::nullopt;
    const bool planned = schedule.planned_until && next->nominal <= *schedule.planned_until;
    if (!planned && schedule.max_count && schedule.planned_count >= *schedule.max_count) return std::nullopt;
    if (next->due > now) return next->due;
    after = next->nominal;
  }
  return std::nullopt;
}

void start_planning(Schedule& schedule, const Recurrence& rule, TimePoint now) {
  schedule.planned_until = now;
  // A single time that has passed already is fired at once.
  if (schedule.execution_time && *schedule.execution_time <= now && schedule.planned_count == 0) {
    schedule.planned_until = *schedule.execution_time - Duration(1);
  }
  const auto next = rule.next(*schedule.planned_until, schedule.planned_count);
  schedule.next_execution = next ? std::optional(next->due) : std::nullopt;
}

void plan_again(Schedule& schedule, const Recurrence& rule, TimePoint now) {
  const TimePoint from = now - schedule.late_after - schedule.jitter;
  if (!schedule.planned_until || *schedule.planned_until <= from) return;
  schedule.planned_count -= std::min(schedule.planned_count, rule.count_between(from, *schedule.planned_until));
  schedule.planned_until = std::max(from, schedule.created_at);
  const auto next = rule.next(*schedule.planned_until, schedule.planned_count);
  schedule.next_execution = next ? std::optional(next->due) : std::nullopt;
}

Status replan(Schedule& schedule, bool rule_changed, TimePoint now, bool cron_seconds_last) {
  if (auto checked = check_schedule(schedule); !checked) return checked;
  const auto rule = recurrence_of(schedule, cron_seconds_last);
  if (!rule) return fail(rule.error());
  if (rule_changed) {
    start_planning(schedule, *rule, now);
  } else {
    plan_again(schedule, *rule, now);
  }
  return {};
}

Plan plan_schedule(const Schedule& schedule, const Recurrence& rule, TimePoint now, const PlanLimits& limits) {
  Plan plan;
  plan.after = schedule;
  uint64_t count = schedule.planned_count;
  TimePoint after = schedule.planned_until.value_or(schedule.created_at);
  auto next = rule.next(after, count);
  const bool misfired = next && next->due < now - schedule.late_after && !schedule.execution_time;
  if (misfired) {
    after = CatchUpPlan(schedule, rule, now, limits, plan).run(after, count);
    next = rule.next(after, count);
  }
  TimePoint last_due = TimePoint::min();
  size_t planned = 0;
  while (next && next->due <= now + limits.ahead && planned < limits.per_pass) {
    plan.events.push_back(event_of(schedule, *next, limits.default_topic));
    last_due = next->due;
    after = next->nominal;
    ++count;
    ++planned;
    next = rule.next(after, count);
  }
  plan.after.planned_until = after;
  plan.after.planned_count = count;
  if (next) {
    plan.after.next_execution = next->due;
  } else if (last_due > now) {
    // Nothing follows: looked at once more after the last one is due, and completed then.
    plan.after.next_execution = last_due + limits.lead;
  } else {
    plan.after.next_execution = std::nullopt;
    plan.after.status = ScheduleStatus::completed;
  }
  return plan;
}

Planner::Planner(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox, Intake& intake)
    : ports_(ports),
      options_(options),
      mailbox_(std::move(mailbox)),
      intake_(intake),
      rules_(options.cron_seconds_last),
      limits_{.lead = options.window,
              .ahead = options.window * 2,
              .node_id = options.node_id,
              .default_topic = options.default_topic} {}

TimePoint Planner::advance(TimePoint now) {
  if (busy_) return TimePoint::max();
  wake_at_ = std::min(wake_at_, now + options_.plan_interval);  // the clock may have been stepped back
  if (now < wake_at_) return wake_at_;
  busy_ = true;
  read();
  return busy_ ? TimePoint::max() : wake_at_;
}

void Planner::read() {
  wake_at_ = TimePoint::max();  // a wake() from now on counts for the next pass
  ports_.schedules.due_to_plan(
      TimePoint::max(), kPage, [this, mailbox = mailbox_](Result<std::vector<Schedule>> schedules) mutable {
        mailbox->post([this, schedules = std::move(schedules)]() mutable { found(std::move(schedules)); });
      });
}

void Planner::found(Result<std::vector<Schedule>> schedules) {
  if (!schedules) {
    log::warn("plan.read_failed", {{"error", schedules.error().detail}});
    return finish(ports_.clock.wall() + kPlanRetry);
  }
  // What was planned stays planned when the clock steps back: planned_until only grows.
  const TimePoint now = ports_.clock.wall();
  std::vector<Plan> plans;
  for (const auto& schedule : *schedules) {
    if (schedule.next_execution && *schedule.next_execution > now + limits_.lead) {
      if (plans.empty()) return finish(*schedule.next_execution - limits_.lead);
      break;
    }
    auto rule = rules_.rule_of(schedule);
    if (!rule) {  // written by another program: shown as disabled with the reason
      log::error("plan.bad_rule", {{"schedule", schedule.id}, {"error", rule.error().detail}});
      Plan plan{.events = {}, .letters = {}, .skipped = {}, .after = schedule};
      plan.after.status = ScheduleStatus::disabled;
      plan.after.next_execution = std::nullopt;
      plans.push_back(std::move(plan));
      continue;
    }
    plans.push_back(plan_schedule(schedule, **rule, now, limits_));
  }
  if (plans.empty()) return finish(TimePoint::max());
  put(std::move(plans));
}

void Planner::put(std::vector<Plan> plans) {
  std::vector<Event> events;
  std::vector<DeadLetter> letters;
  for (auto& plan : plans) {
    std::ranges::move(plan.events, std::back_inserter(events));
    std::ranges::move(plan.letters, std::back_inserter(letters));
  }
  const size_t count = events.size();
  auto then = [this, mailbox = mailbox_, count,
               plans = std::move(plans)](Result<std::vector<Accepted>> accepted) mutable {
    mailbox->post([this, count, plans = std::move(plans), accepted = std::move(accepted)]() mutable {
      if (const auto error = not_stored(accepted)) {
        log::warn("plan.put_failed", {{"error", error->detail}});
        return finish(ports_.clock.wall() + kPlanRetry);
      }
      ports_.probe.planned(count);
      mark(std::move(plans));
    });
  };
  auto put_events = [this, events = std::move(events), then = std::move(then)]() mutable {
    if (events.empty()) return then(std::vector<Accepted>{});
    intake_.accept_planned(std::move(events), std::move(then));
  };
  if (letters.empty()) return put_events();
  ports_.dead_letters.bury(
      std::move(letters), [this, mailbox = mailbox_, put_events = std::move(put_events)](Result<void> buried) mutable {
        mailbox->post([this, put_events = std::move(put_events), buried = std::move(buried)]() mutable {
          if (!buried) return finish(ports_.clock.wall() + kPlanRetry);
          put_events();
        });
      });
}

void Planner::mark(std::vector<Plan> plans) {
  std::vector<Schedule> after;
  std::vector<Execution> skipped;
  for (auto& plan : plans) {
    after.push_back(std::move(plan.after));
    std::ranges::move(plan.skipped, std::back_inserter(skipped));
  }
  if (!skipped.empty()) ports_.log.record(std::move(skipped));
  ports_.schedules.mark_planned(std::move(after), [this, mailbox = mailbox_](Result<void> marked) mutable {
    mailbox->post(
        [this, marked = std::move(marked)] { finish(marked ? TimePoint::min() : ports_.clock.wall() + kPlanRetry); });
  });
}

void Planner::finish(TimePoint wake_at) {
  busy_ = false;
  // Edits made by other programs are noticed within the interval.
  const TimePoint latest = ports_.clock.wall() + options_.plan_interval;
  wake_at_ = std::min({wake_at_, wake_at, latest});
}

}  // namespace schedules
