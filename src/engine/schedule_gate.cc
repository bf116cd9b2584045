#include "engine/schedule_gate.h"

#include <algorithm>
#include <map>

namespace schedules {
namespace {

constexpr Duration kStoreAwayWait = std::chrono::seconds(1);

std::string reason_against(const Event& event, const std::vector<ScheduleRevision>& known) {
  const auto found = std::ranges::find(known, event.schedule_id, &ScheduleRevision::id);
  if (found == known.end()) return "schedule_deleted";
  if (found->revision != event.schedule_revision) return "superseded";
  const bool runs = found->status == ScheduleStatus::active || found->status == ScheduleStatus::completed;
  return runs ? "" : "schedule_paused";
}

}  // namespace

ScheduleGate::ScheduleGate(EnginePorts& ports, bool cron_seconds_last, std::shared_ptr<Mailbox> mailbox, Ways ways)
    : ports_(ports),
      mailbox_(std::move(mailbox)),
      ways_(std::move(ways)),
      overlaps_(ports, mailbox_,
                [this](Event event, Overlaps::Decision decision) { turn_decided(std::move(event), decision); }),
      rules_(cron_seconds_last) {}

void ScheduleGate::judge(std::vector<Event> events) {
  std::vector<std::string> ids;
  for (const auto& event : events) ids.push_back(event.schedule_id);
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  ports_.schedules.revisions(std::move(ids), [this, mailbox = mailbox_, events = std::move(events)](
                                                 Result<std::vector<ScheduleRevision>> found) mutable {
    mailbox->post([this, events = std::move(events), found = std::move(found)]() mutable {
      revisions_known(std::move(events), found);
    });
  });
}

void ScheduleGate::revisions_known(std::vector<Event> events, const Result<std::vector<ScheduleRevision>>& found) {
  const TimePoint now = ports_.clock.wall();
  std::map<std::string, std::vector<Event>> late;
  for (auto& event : events) {
    if (!found) {
      ways_.postpone(std::move(event), now + kStoreAwayWait, "schedule_store_unavailable");
      continue;
    }
    auto reason = reason_against(event, *found);
    if (!reason.empty()) {
      ways_.end(std::move(event), State::skipped, std::move(reason), "");
    } else if (Misfires::may_concern(event, now)) {
      late[event.schedule_id].push_back(std::move(event));
    } else {
      overlaps_.ask(std::move(event));
    }
  }
  for (auto& [id, of_schedule] : late) check_misfires(id, std::move(of_schedule), now);
}

void ScheduleGate::check_misfires(const std::string& schedule_id, std::vector<Event> events, TimePoint begun_at) {
  std::ranges::stable_sort(events, {}, &Event::nominal_at);
  ports_.schedules.get(schedule_id, [this, begun_at, mailbox = mailbox_,
                                     events = std::move(events)](Result<std::optional<Schedule>> schedule) mutable {
    mailbox->post([this, begun_at, events = std::move(events), schedule = std::move(schedule)]() mutable {
      judge_misfires(std::move(events), schedule, begun_at);
    });
  });
}

// By the time of the look at them all: one that was not late then has been let through and must not stand for others.
void ScheduleGate::judge_misfires(std::vector<Event> events, const Result<std::optional<Schedule>>& schedule,
                                  TimePoint begun_at) {
  using Kind = Misfires::Decision::Kind;
  const TimePoint now = ports_.clock.wall();
  if (!schedule) {
    for (auto& event : events) ways_.postpone(std::move(event), now + kStoreAwayWait, "schedule_store_unavailable");
    return;
  }
  const auto rule = *schedule ? rules_.rule_of(**schedule) : fail(Code::not_found, "");
  size_t fired = 0;
  for (auto& event : events) {
    // Edited or deleted since the look at its revision: begun before that, so it fires.
    if (!rule || (*schedule)->revision != event.schedule_revision) {
      overlaps_.ask(std::move(event));
      continue;
    }
    auto decision = misfires_.judge(event, **schedule, **rule, begun_at, fired);
    if (decision.kind == Kind::skip) {
      ways_.end(std::move(event), State::skipped, std::move(decision.reason), "");
      continue;
    }
    if (decision.kind == Kind::fail) {
      ways_.end(std::move(event), State::dead, std::move(decision.reason), "its time was missed");
      continue;
    }
    ++fired;
    event.missed_count += decision.missed_count;
    if (decision.kind == Kind::wait) {
      ways_.postpone(std::move(event), decision.at, std::move(decision.reason));
    } else {
      overlaps_.ask(std::move(event));
    }
  }
}

void ScheduleGate::turn_decided(Event event, const Overlaps::Decision& decision) {
  switch (decision.turn) {
    case Turn::run:
      return ways_.admit(std::move(event));
    case Turn::wait:
      return ways_.postpone(std::move(event), decision.until, decision.reason);
    case Turn::skip:
      return ways_.end(std::move(event), State::skipped, decision.reason, "another run of its schedule goes on");
  }
}

}  // namespace schedules
