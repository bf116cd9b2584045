#include "engine/overlap.h"

#include <algorithm>

#include "base/log.h"

namespace schedules {
namespace {

constexpr size_t kPoliciesKept = 100'000;
constexpr size_t kLookedAt = 8;
constexpr Duration kUnavailableWait = std::chrono::seconds(1);
constexpr Duration kShortestWait = std::chrono::milliseconds(250);
constexpr Duration kLongestWait = std::chrono::seconds(5);
constexpr Duration kWaiterKept = std::chrono::seconds(15);  // one that asks no more has been cancelled

RunPolicy policy_of(const Schedule& schedule) {
  return RunPolicy{.revision = schedule.revision,
                   .overlap = schedule.overlap,
                   .limit = schedule.overlap_limit,
                   .max_runtime = schedule.max_runtime,
                   .acknowledged = schedule.ack == Ack::required};
}

size_t places(const RunPolicy& policy) { return policy.overlap == Overlap::max_parallel ? policy.limit : 1; }

size_t waiting_places(const RunPolicy& policy) {
  if (policy.overlap == Overlap::buffer_one) return 1;
  return policy.overlap == Overlap::buffer_all ? policy.limit : 0;
}

bool runs_now(const RunEntry& run) { return !run.waits; }

// A tenth of what it has waited: a turn that comes is taken soon, one that does not costs little.
Duration wait_of(const Event& event, TimePoint now) {
  return std::clamp((now - event.due_at) / 10, kShortestWait, kLongestWait);
}

}  // namespace

TurnTaken take_turn(std::vector<RunEntry>& runs, const Event& event, const RunPolicy& policy, TimePoint now) {
  const TimePoint nominal = event.nominal_at.value_or(event.due_at);
  std::optional<RunEntry> own;
  std::erase_if(runs, [&](const RunEntry& run) {
    if (run.event == event.id) own = run;
    return run.event == event.id || run.until <= now;
  });
  const auto enter = [&](Turn turn, TimePoint until) {
    runs.push_back(RunEntry{event.id, nominal, until, turn == Turn::wait});
    return turn;
  };
  if (own && !own->waits) return {enter(Turn::run, std::max(own->until, now + kShortestWait)), {}};
  TurnTaken taken;
  if (policy.overlap == Overlap::cancel_other) {
    if (std::ranges::any_of(runs, [&](const RunEntry& run) { return run.nominal > nominal; })) return {Turn::skip, {}};
    for (const auto& run : runs) taken.displaced.push_back(run.event);
    runs.clear();
    taken.turn = enter(Turn::run, now + policy.max_runtime);
    return taken;
  }
  const auto running = static_cast<size_t>(std::ranges::count_if(runs, runs_now));
  const auto before = static_cast<size_t>(
      std::ranges::count_if(runs, [&](const RunEntry& run) { return run.waits && run.nominal < nominal; }));
  if (running + before < places(policy)) return {enter(Turn::run, now + policy.max_runtime), {}};
  if (own || runs.size() - running < waiting_places(policy)) return {enter(Turn::wait, now + kWaiterKept), {}};
  return {Turn::skip, {}};
}

Overlaps::Overlaps(EnginePorts& ports, std::shared_ptr<Mailbox> mailbox, Decided decided)
    : ports_(ports), mailbox_(std::move(mailbox)), decided_(std::move(decided)) {}

void Overlaps::ask(Event event) {
  if (ports_.runs == nullptr) return decided_(std::move(event), {});
  const auto known = policies_.find(event.schedule_id);
  if (known != policies_.end() && known->second.revision == event.schedule_revision) {
    return decide(std::move(event), known->second);
  }
  const std::string id = event.schedule_id;
  ports_.schedules.get(
      id, [this, mailbox = mailbox_, event = std::move(event)](Result<std::optional<Schedule>> found) mutable {
        mailbox->post([this, event = std::move(event), found = std::move(found)]() mutable {
          if (!found) return answer_later(std::move(event), kUnavailableWait, "schedule_store_unavailable");
          if (!*found)
            return decided_(std::move(event), {});  // deleted since its revision was looked at: begun before that
          if (policies_.size() >= kPoliciesKept) policies_.clear();
          const auto policy = policies_[event.schedule_id] = policy_of(**found);
          decide(std::move(event), policy);
        });
      });
}

void Overlaps::decide(Event event, const RunPolicy& policy) {
  if (policy.overlap == Overlap::allow) return decided_(std::move(event), {});
  book(std::make_shared<Asked>(Asked{.event = std::move(event), .policy = policy, .taken = {}}));
}

void Overlaps::book(const AskedPtr& asked) {
  const TimePoint now = ports_.clock.wall();
  ports_.runs->change_runs(
      asked->event.schedule_id,
      [asked, now](std::vector<RunEntry>& runs) { asked->taken = take_turn(runs, asked->event, asked->policy, now); },
      [this, mailbox = mailbox_, asked](Result<std::vector<RunEntry>> runs) mutable {
        mailbox->post([this, asked, runs = std::move(runs)] { booked(asked, runs); });
      });
}

void Overlaps::booked(const AskedPtr& asked, const Result<std::vector<RunEntry>>& runs) {
  if (!runs) return answer_later(std::move(asked->event), kUnavailableWait, "schedule_store_unavailable");
  if (asked->taken.turn == Turn::run || asked->looked) return finish(asked);
  look(asked, *runs);
}

void Overlaps::look(const AskedPtr& asked, const std::vector<RunEntry>& runs) {
  asked->looked = true;
  std::vector<EventId> ids;
  for (const auto& run : runs) {
    if (runs_now(run) && ids.size() < kLookedAt && !booked_.contains(run.event)) ids.push_back(run.event);
  }
  if (ids.empty()) return finish(asked);
  ports_.near_catalog.get(
      ids, [this, mailbox = mailbox_, asked, ids](Result<std::vector<std::optional<StoredEvent>>> found) mutable {
        mailbox->post([this, asked, ids, found = std::move(found)] { looked(asked, ids, found); });
      });
}

void Overlaps::looked(const AskedPtr& asked, const std::vector<EventId>& ids,
                      const Result<std::vector<std::optional<StoredEvent>>>& found) {
  if (!found) return finish(asked);
  std::vector<EventId> ended;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto& stored = found->at(i);
    const bool acknowledges = stored && stored->state == State::fired && asked->policy.acknowledged;
    if (!stored || (is_final(stored->state) && !acknowledges)) ended.push_back(ids[i]);
  }
  if (ended.empty()) return finish(asked);
  strike(asked->event.schedule_id, std::move(ended));
  book(asked);
}

void Overlaps::finish(const AskedPtr& asked) {
  const TimePoint now = ports_.clock.wall();
  if (asked->taken.turn != Turn::skip) booked_[asked->event.id] = asked->policy.acknowledged;
  std::vector<CancelRequest> requests;
  for (const auto& id : asked->taken.displaced) {
    if (booked_.contains(id)) displaced_.insert(id);
    requests.push_back(CancelRequest{.id = id, .if_revision = {}, .at = now, .reason = "overlap"});
  }
  // Those that wait for a retry end here; one that is just being published ends as it ends.
  if (!requests.empty()) ports_.near_catalog.cancel(std::move(requests), [](const Result<std::vector<Changed>>&) {});
  const Decision decision{.turn = asked->taken.turn, .until = now + wait_of(asked->event, now)};
  decided_(std::move(asked->event), decision);
}

void Overlaps::gone(const Event& event, const Outcome& outcome, bool ended) {
  if (ended && !is_final(outcome.state)) return;
  displaced_.erase(event.id);
  const auto found = booked_.find(event.id);
  if (found == booked_.end()) return;
  const bool acknowledges = found->second && outcome.state == State::fired;
  booked_.erase(found);
  if (ended && !acknowledges) strike(event.schedule_id, {event.id});
}

void Overlaps::strike(const std::string& schedule_id, std::vector<EventId> events) {
  ports_.runs->change_runs(
      schedule_id,
      [events = std::move(events)](std::vector<RunEntry>& runs) {
        std::erase_if(runs, [&](const RunEntry& run) { return std::ranges::find(events, run.event) != events.end(); });
      },
      [schedule_id](const Result<std::vector<RunEntry>>& struck) {
        // Whoever finds it in the way looks whether it still runs.
        if (!struck) log::debug("overlap.not_struck", {{"schedule", schedule_id}, {"error", struck.error().detail}});
      });
}

void Overlaps::answer_later(Event event, Duration wait, const char* reason) {
  decided_(std::move(event), {.turn = Turn::wait, .until = ports_.clock.wall() + wait, .reason = reason});
}

}  // namespace schedules
