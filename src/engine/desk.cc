#include "engine/desk.h"

#include "base/text.h"
#include "engine/plan.h"
#include "engine/rule.h"

namespace schedules {
namespace {

constexpr int kEditTries = 8;
constexpr std::chrono::seconds kExecuteTimeout{30};

// Whether an edit changes when the schedule fires.
bool plans_anew(const Schedule& before, const Schedule& after) {
  const auto rule = [](const Schedule& s) {
    return std::tie(s.cron_expression, s.every, s.execution_time, s.timezone, s.start_at, s.end_at, s.max_count,
                    s.jitter, s.dst_gap, s.dst_overlap, s.status);
  };
  return rule(before) != rule(after);
}

}  // namespace

Desk::Desk(EnginePorts& ports, const EngineOptions& options, Intake& intake, std::function<void()> planner_wake)
    : ports_(ports), options_(options), intake_(intake), planner_wake_(std::move(planner_wake)) {}

void Desk::create(Schedule schedule, Done<Schedule> done) {
  const TimePoint now = ports_.clock.wall();
  const auto seconds = static_cast<uint32_t>(to_micros(now) / 1'000'000);
  if (schedule.id.empty()) schedule.id = new_object_id(seconds, ports_.random);
  if (schedule.audit && schedule.audit->object_id.empty()) {
    auto entry = *schedule.audit;
    entry.object_id = schedule.id;
    schedule.audit = std::make_shared<const AuditEntry>(std::move(entry));
  }
  schedule.created_at = now;
  schedule.updated_at = now;
  schedule.revision = 1;
  if (auto checked = check_all(schedule); !checked) return done(fail(checked.error()));
  const auto rule = recurrence_of(schedule, options_.cron_seconds_last);
  if (!rule) return done(fail(rule.error()));
  start_planning(schedule, *rule, now);
  if (!schedule.next_execution && schedule.status == ScheduleStatus::active) {
    return done(fail_field(Code::never_fires, schedule.execution_time ? "execution_time" : "cron_expression",
                           "has no occurrence from now on"));
  }
  ports_.schedules.create(std::move(schedule), [this, done = std::move(done)](Result<Schedule> created) mutable {
    if (!created) return done(fail(created.error()));
    planner_wake_();
    done(shown(std::move(*created)));
  });
}

void Desk::edit(std::string id, std::optional<uint64_t> if_revision, ScheduleEdit edit, Done<Schedule> done) {
  ports_.schedules.get(id, [this, if_revision, edit = std::move(edit),
                            done = std::move(done)](Result<std::optional<Schedule>> found) mutable {
    if (!found) return done(fail(found.error()));
    if (!*found) return done(fail(Code::not_found, "there is no such schedule"));
    edit_found(std::move(**found), if_revision, std::move(edit), kEditTries, std::move(done));
  });
}

void Desk::edit_found(Schedule found, std::optional<uint64_t> if_revision, ScheduleEdit edit, int tries,
                      Done<Schedule> done) {
  if (if_revision && found.revision != *if_revision) {
    return done(fail(Code::revision_conflict, "the current revision is {}", found.revision));
  }
  Schedule after = found;
  if (auto edited = edit(after); !edited) return done(fail(edited.error()));
  const TimePoint now = ports_.clock.wall();
  after.updated_at = now;
  if (auto checked = check_all(after); !checked) return done(fail(checked.error()));
  const auto rule = recurrence_of(after, options_.cron_seconds_last);
  if (!rule) return done(fail(rule.error()));
  if (plans_anew(found, after)) {
    if (after.execution_time != found.execution_time) after.planned_count = 0;
    start_planning(after, *rule, now);
    if (after.status == ScheduleStatus::active && !after.next_execution) {
      return done(fail(Code::conflict, "it has no occurrence from now on"));
    }
  } else {
    plan_again(after, *rule, now);
  }
  const std::string id = after.id;
  ports_.schedules.update(std::move(after), [this, id, if_revision, edit = std::move(edit), tries,
                                             done = std::move(done)](Result<Schedule> updated) mutable {
    if (updated) {
      planner_wake_();
      return done(shown(std::move(*updated)));
    }
    const bool lost_race = updated.error().code == Code::revision_conflict && !if_revision && tries > 0;
    if (!lost_race) return done(fail(updated.error()));
    ports_.schedules.get(id, [this, edit = std::move(edit), tries,
                              done = std::move(done)](Result<std::optional<Schedule>> again) mutable {
      if (!again) return done(fail(again.error()));
      if (!*again) return done(fail(Code::not_found, "there is no such schedule"));
      edit_found(std::move(**again), std::nullopt, std::move(edit), tries - 1, std::move(done));
    });
  });
}

void Desk::get(std::string id, Done<std::optional<Schedule>> done) {
  ports_.schedules.get(std::move(id), [this, done = std::move(done)](Result<std::optional<Schedule>> found) mutable {
    if (found && *found) *found = shown(std::move(**found));
    done(std::move(found));
  });
}

void Desk::find(ScheduleFilter filter, Done<std::vector<Schedule>> done) {
  const bool by_next = filter.order == ScheduleOrder::next_execution;
  const bool descending = filter.descending;
  ports_.schedules.find(std::move(filter), [this, by_next, descending,
                                            done = std::move(done)](Result<std::vector<Schedule>> found) mutable {
    if (!found) return done(std::move(found));
    for (auto& schedule : *found) schedule = shown(std::move(schedule));
    if (by_next) {
      std::ranges::stable_sort(*found, [descending](const Schedule& a, const Schedule& b) {
        if (!a.next_execution || !b.next_execution) return a.next_execution && !b.next_execution;
        return descending ? *a.next_execution > *b.next_execution : *a.next_execution < *b.next_execution;
      });
    }
    done(std::move(found));
  });
}

void Desk::count(ScheduleFilter filter, Done<uint64_t> done) {
  ports_.schedules.count(std::move(filter), std::move(done));
}

void Desk::remove(std::string id, AuditNote audit, Done<bool> done) {
  ports_.schedules.remove(std::move(id), std::move(audit), std::move(done));
}

void Desk::due(Done<std::vector<Schedule>> done) {
  const TimePoint now = ports_.clock.wall();
  ports_.schedules.due_to_plan(now, 1'000, std::move(done));
}

void Desk::to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) {
  ports_.schedules.due_to_plan(until, limit, std::move(done));
}

void Desk::execute(std::string id, Done<Schedule> done) {
  ports_.schedules.get(std::move(id), [this, done = std::move(done)](Result<std::optional<Schedule>> found) mutable {
    if (!found) return done(fail(found.error()));
    if (!*found) return done(fail(Code::not_found, "there is no such schedule"));
    fire(**found, std::move(done));
  });
}

void Desk::fire(const Schedule& schedule, Done<Schedule> done) {
  const TimePoint now = ports_.clock.wall();
  auto event = event_of(schedule, Occurrence{.nominal = now, .due = now, .wall = {}}, options_.default_topic);
  event.id = random_id(ports_.random);
  event.source = "manual";
  event.max_delay.reset();
  const EventId event_id = event.id;
  auto ended = [this, id = schedule.id, done = std::move(done)](Result<StoredEvent> end) mutable {
    if (!end) return done(fail(end.error()));
    if (end->state != State::fired) {
      return done(fail(Code::publish_failed, "it did not fire: {} {}", end->outcome.reason, end->outcome.detail));
    }
    get(std::move(id), [end = std::move(*end), done = std::move(done)](Result<std::optional<Schedule>> found) mutable {
      if (!found) return done(fail(found.error()));
      if (!*found) return done(fail(Code::not_found, "it was deleted meanwhile"));
      auto& refreshed = **found;
      if (!refreshed.last_execution || *refreshed.last_execution < end.outcome.at) {  // not counted yet
        refreshed.last_execution = end.outcome.at;
        refreshed.last_status = RunStatus::success;
        ++refreshed.execution_count;
      }
      done(std::move(refreshed));
    });
  };
  intake_.when_ended(event_id, kExecuteTimeout, std::move(ended));
  std::vector<Event> events;
  events.push_back(std::move(event));
  intake_.accept(std::move(events), {}, [this, event_id](Result<std::vector<Accepted>> accepted) {
    const Error* refused = !accepted                 ? &accepted.error()
                           : accepted->front().error ? &*accepted->front().error
                                                     : nullptr;
    if (refused != nullptr) intake_.give_up_waiting(event_id, *refused);
  });
}

Status Desk::check_all(const Schedule& schedule) const {
  if (auto checked = check_schedule(schedule); !checked) return checked;
  if (schedule.alerts.url && !schedule.alerts.url->empty()) {
    // Alerts go where webhooks may go.
    auto checked = ports_.sinks.check_target({.kind = TargetKind::webhook, .url = *schedule.alerts.url});
    if (!checked) {
      checked.error().field = "alerts.url";
      return checked;
    }
  }
  return ports_.sinks.check_target(schedule.target);
}

Schedule Desk::shown(Schedule schedule) const {
  const auto rule = recurrence_of(schedule, options_.cron_seconds_last);
  schedule.next_execution = rule ? shown_next(schedule, *rule, ports_.clock.wall()) : std::nullopt;
  return schedule;
}

}  // namespace schedules
