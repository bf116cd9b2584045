#include "engine/claim_desk.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "engine/dispatch.h"

namespace schedules {
namespace {

constexpr Duration kAnswerWithin = std::chrono::seconds(5);
constexpr std::string_view kSink = "worker";

bool of_schedule(const Event& event) { return !event.schedule_id.empty() && event.source != "manual"; }

bool is_current(const Event& event, const std::vector<ScheduleRevision>& known) {
  const auto found = std::ranges::find(known, event.schedule_id, &ScheduleRevision::id);
  if (found == known.end() || found->revision != event.schedule_revision) return false;
  return found->status == ScheduleStatus::active || found->status == ScheduleStatus::completed;
}

// Work that ended before the due time was not late.
Execution execution_by_worker(const Event& event, const Outcome& outcome, RunStatus status, const std::string& node) {
  auto execution = execution_of(event, outcome, status, node);
  execution.due_at = std::min(execution.due_at, execution.executed_at);
  return execution;
}

}  // namespace

ClaimDesk::ClaimDesk(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox, Settle& settle)
    : ports_(ports), options_(options), mailbox_(std::move(mailbox)), settle_(settle) {}

void ClaimDesk::claim(EventId id, std::string processor, std::chrono::seconds lease, Done<Claim> done) {
  mailbox_->post([this, id, processor = std::move(processor), lease, done = std::move(done)]() mutable {
    take(id, [this, id, processor = std::move(processor), lease, done = std::move(done)](Result<Event> event) mutable {
      if (!event) return done(fail(std::move(event.error())));
      const TimePoint now = ports_.clock.wall();
      const Claim claim{id, std::move(processor), now, now + lease};
      const SteadyPoint deadline = ports_.clock.steady() + lease;
      next_ = std::min(next_, deadline);
      bytes_ += event->body.size();
      {
        const std::scoped_lock lock(mutex_);
        held_.insert_or_assign(id, Held{claim, deadline, std::move(*event)});
      }
      done(claim);
    });
  });
}

void ClaimDesk::take(EventId id, Taken taken) {
  if (stopping_) return taken(fail(Code::shutting_down, "the scheduler is stopping"));
  if (held_.contains(id) || storing(id) != nullptr) return taken(fail(Code::conflict, "the event is claimed already"));
  if (held_.size() + taking_ >= kMaxClaims || bytes_ >= kMaxClaimedBytes)
    return taken(fail(Code::overloaded, "too many events are claimed at one time"));
  ++taking_;
  auto counted = [this, taken = std::move(taken)](Result<Event> event) mutable {
    --taking_;
    taken(std::move(event));
  };
  ports_.near_catalog.get({id}, [this, mailbox = mailbox_, taken = std::move(counted)](
                                    Result<std::vector<std::optional<StoredEvent>>> found) mutable {
    mailbox->post([this, found = std::move(found), taken = std::move(taken)]() mutable {
      if (!found) return taken(fail(std::move(found.error())));
      const auto& stored = found->front();
      if (!stored || stored->state != State::pending || stored->tier != Tier::near)
        return taken(fail(Code::conflict, "the event does not wait in the near tier"));
      begin(stored->event, std::move(taken));
    });
  });
}

void ClaimDesk::begin(const Event& event, Taken taken) {
  const uint32_t shard = ports_.near.shard_of(event.id);
  // Under no epoch: any node may be asked, and the claim does not end when the shard changes hands.
  BeginRequest request{
      .shard = shard, .epoch = 0, .entries = {WindowEntry{event.id, event.fire_at, 0, event.priority, shard}}};
  ports_.near.begin(std::move(request),
                    [this, mailbox = mailbox_, taken = std::move(taken)](Result<std::vector<Event>> events) mutable {
                      mailbox->post([this, events = std::move(events), taken = std::move(taken)]() mutable {
                        begun(std::move(events), std::move(taken));
                      });
                    });
}

void ClaimDesk::begun(Result<std::vector<Event>> events, Taken taken) {
  if (!events) return taken(fail(std::move(events.error())));
  if (events->empty()) return taken(fail(Code::conflict, "the event does not wait any more"));
  Event event = std::move(events->front());
  if (stopping_) {
    wait_again(std::move(event), TimePoint::min(), "shutdown");
    return taken(fail(Code::shutting_down, "the scheduler is stopping"));
  }
  if (of_schedule(event)) return check_revision(std::move(event), std::move(taken));
  taken(std::move(event));
}

// An occurrence of an edited, paused or deleted schedule is no work for anybody; the engine ends it with a record.
void ClaimDesk::check_revision(Event event, Taken taken) {
  std::vector<std::string> ids{event.schedule_id};
  ports_.schedules.revisions(
      std::move(ids), [this, mailbox = mailbox_, event = std::move(event),
                       taken = std::move(taken)](Result<std::vector<ScheduleRevision>> known) mutable {
        mailbox->post([this, event = std::move(event), taken = std::move(taken), known = std::move(known)]() mutable {
          if (known && is_current(event, *known) && !stopping_) return taken(std::move(event));
          wait_again(std::move(event), TimePoint::min(), "claim_refused");
          if (!known) return taken(fail(std::move(known.error())));
          taken(fail(Code::conflict, "its schedule was edited, paused or deleted"));
        });
      });
}

ClaimDesk::Storing* ClaimDesk::storing(const EventId& id) {
  const auto found = storing_.lower_bound({id, TimePoint::min()});
  return found == storing_.end() || found->first.first != id ? nullptr : &found->second;
}

std::optional<ClaimDesk::Held> ClaimDesk::release(const EventId& id) {
  const std::scoped_lock lock(mutex_);
  auto node = held_.extract(id);
  if (node.empty()) return std::nullopt;
  bytes_ -= node.mapped().event.body.size();
  return std::move(node.mapped());
}

void ClaimDesk::complete(EventId id, WorkDone work, Done<State> done) {
  mailbox_->post([this, id, work = std::move(work), done = std::move(done)]() mutable {
    if (auto held = release(id)) return complete_begun(std::move(held->event), held->claim, work, std::move(done));
    if (auto* under_way = storing(id)) return complete_storing(*under_way, work, std::move(done));
    ports_.near_catalog.get({id}, [this, mailbox = mailbox_, work = std::move(work), done = std::move(done)](
                                      Result<std::vector<std::optional<StoredEvent>>> found) mutable {
      mailbox->post([this, found = std::move(found), work = std::move(work), done = std::move(done)]() mutable {
        if (!found) return done(fail(std::move(found.error())));
        if (!found->front()) return done(fail(Code::not_found, "there is no such event"));
        complete_found(*found->front(), std::move(work), std::move(done));
      });
    });
  });
}

void ClaimDesk::complete_found(const StoredEvent& found, WorkDone work, Done<State> done) {
  const bool repeat = found.outcome.sink == kSink;
  const bool same = (found.state == State::fired && work.success) || (found.state == State::dead && !work.success);
  if (is_final(found.state)) {
    if (same && repeat) return done(found.state);
    return done(fail(Code::conflict, "the event has ended: {}", to_string(found.state)));
  }
  if (found.state == State::in_flight) return done(fail(Code::conflict, "the event is being published"));
  take(found.event.id, [this, work = std::move(work), done = std::move(done)](Result<Event> event) mutable {
    if (!event) return done(fail(std::move(event.error())));
    const TimePoint now = ports_.clock.wall();
    const Claim claim{event->id, "", now, now};
    complete_begun(std::move(*event), claim, work, std::move(done));
  });
}

void ClaimDesk::complete_storing(Storing& storing, const WorkDone& work, Done<State> done) {
  const bool same = storing.completed && storing.success == work.success;
  if (!same) return done(fail(Code::conflict, "the claim has ended already"));
  storing.waiting.push_back(std::move(done));
}

void ClaimDesk::complete_begun(Event event, const Claim& claim, const WorkDone& work, Done<State> done) {
  const Begun begun{event.id, event.fire_at};
  auto outcome = outcome_of(event, claim, work, ports_.clock.wall());
  std::vector<Execution> executions{
      execution_by_worker(event, outcome, work.success ? RunStatus::success : RunStatus::failure, options_.node_id)};
  if (!work.success) {
    ++event.attempt;
    event.attempts.push_back(Attempt{.at = outcome.at, .error = outcome.detail});
  }
  Storing storing{.completed = true, .success = work.success};
  storing.waiting.push_back(std::move(done));
  end(begun, std::move(event), std::move(outcome), std::move(executions), std::move(storing));
}

// Sets fire_at where it is to be tried again; the attempt is counted by the caller.
Outcome ClaimDesk::outcome_of(Event& event, const Claim& claim, const WorkDone& work, TimePoint now) {
  Outcome outcome{.state = State::fired,
                  .at = claim.at,
                  .settled_at = now,
                  .reason = "",
                  .detail = "",
                  .sink = std::string(kSink),
                  .position = claim.processor};
  if (work.success) return outcome;
  const TimePoint retry_at = retry_time(event, now);
  const bool spent = event.attempt >= event.max_retries;
  const bool too_old = event.max_delay && retry_at > event.due_at + *event.max_delay;
  outcome.detail = truncate_utf8(work.error.empty() ? "the worker failed" : work.error, kMaxErrorBytes);
  outcome.state = spent || too_old ? State::dead : State::pending;
  outcome.reason = spent ? "retries_exhausted" : too_old ? "max_age" : "retry";
  if (outcome.state == State::pending) event.fire_at = std::max({retry_at, event.due_at, event.fire_at + Duration(1)});
  return outcome;
}

TimePoint ClaimDesk::retry_time(const Event& event, TimePoint now) {
  const double base_us = static_cast<double>(Duration(event.retry_delay).count());
  const double longest =
      std::min(base_us * std::exp2(std::min(event.attempt, 30U)), static_cast<double>(options_.retry_cap.count()));
  return now + Duration{1 + static_cast<int64_t>(ports_.random.below(static_cast<uint64_t>(std::max(longest, 1.0))))};
}

void ClaimDesk::drop(EventId id, Done<bool> done) {
  mailbox_->post([this, id, done = std::move(done)]() mutable {
    auto held = release(id);
    if (!held) return done(false);
    const TimePoint now = ports_.clock.wall();
    Outcome outcome{.state = State::cancelled, .at = now, .settled_at = now, .reason = "cancelled"};
    std::vector<Execution> executions{execution_of(held->event, outcome, RunStatus::skipped, options_.node_id)};
    Storing storing;
    storing.waiting.push_back([done = std::move(done)](Result<State> state) mutable {
      if (!state) return done(fail(std::move(state.error())));
      done(true);
    });
    const Begun begun{id, held->event.fire_at};
    end(begun, std::move(held->event), std::move(outcome), std::move(executions), std::move(storing));
  });
}

void ClaimDesk::end(const Begun& begun, Event event, Outcome outcome, std::vector<Execution> executions,
                    Storing storing) {
  if (!storing.waiting.empty()) {
    storing.answer_by = ports_.clock.steady() + kAnswerWithin;
    next_ = std::min(next_, storing.answer_by);
  }
  storing_.insert_or_assign(begun, std::move(storing));
  settle_.add(Ending{begun.second, std::move(event), std::move(outcome), std::move(executions)});
}

void ClaimDesk::wait_again(Event event, TimePoint until, std::string reason) {
  const Begun begun{event.id, event.fire_at};
  event.fire_at = std::max({until, event.due_at, begun.second + Duration(1)});  // never the same: see Settlement
  Outcome outcome{.state = State::pending, .at = ports_.clock.wall(), .reason = std::move(reason)};
  end(begun, std::move(event), std::move(outcome), {}, {});
}

bool ClaimDesk::settled(const Ending& ending) { return ended(ending, ending.outcome.state); }

bool ClaimDesk::lost(const Ending& ending) {
  return ended(ending, fail(Code::unavailable, "another node has taken the event's shard; it waits again"));
}

bool ClaimDesk::ended(const Ending& ending, const Result<State>& answer) {
  auto node = storing_.extract(Begun{ending.event.id, ending.begun_fire_at});
  if (node.empty()) return false;
  for (auto& done : node.mapped().waiting) done(answer);
  return true;
}

SteadyPoint ClaimDesk::advance(SteadyPoint now) {
  if (now < next_) return next_;
  next_ = SteadyPoint::max();
  std::vector<EventId> expired;
  for (const auto& [id, held] : held_) {
    if (held.deadline <= now) {
      expired.push_back(id);
    } else {
      next_ = std::min(next_, held.deadline);
    }
  }
  for (const auto& id : expired) wait_again(std::move(release(id)->event), TimePoint::min(), "claim_expired");
  std::vector<Done<State>> late;
  for (auto& [begun, storing] : storing_) {
    if (storing.answer_by <= now) {
      std::ranges::move(std::exchange(storing.waiting, {}), std::back_inserter(late));
      storing.answer_by = SteadyPoint::max();
    }
    next_ = std::min(next_, storing.answer_by);
  }
  for (auto& done : late) done(fail(Code::unavailable, "the end of the event is not stored yet"));
  return next_;
}

void ClaimDesk::give_back() {
  stopping_ = true;
  for (const auto& claim : all()) wait_again(std::move(release(claim.id)->event), claim.until, "shutdown");
}

std::optional<Claim> ClaimDesk::find(const EventId& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(id);
  return found == held_.end() ? std::nullopt : std::optional(found->second.claim);
}

std::vector<Claim> ClaimDesk::all() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Claim> claims;
  for (const auto& [id, held] : held_) claims.push_back(held.claim);
  return claims;
}

}  // namespace schedules
