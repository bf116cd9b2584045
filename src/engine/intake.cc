#include "engine/intake.h"

#include "engine/accept_trace.h"

namespace schedules {

// One call's events: some refused at the door, some on their way into the near store, some into the far one.
struct Intake::Batch {
  explicit Batch(AcceptTrace its_trace) : trace(std::move(its_trace)) {}

  std::mutex mutex;
  std::vector<Accepted> answers;
  std::vector<size_t> near_at;
  std::vector<size_t> far_at;
  int outstanding = 0;
  std::optional<Error> failed;
  bool echo = false;
  TimePoint now;
  Done<std::vector<Accepted>> done;
  AcceptTrace trace;
};

Intake::Intake(EnginePorts& ports, const EngineOptions& options, Waiters& waiters, Arrived arrived)
    : ports_(ports), options_(options), waiters_(waiters), arrived_(std::move(arrived)), tiers_(ports) {}

void Intake::accept(std::vector<Event> events, AcceptOptions options, Done<std::vector<Accepted>> done) {
  accept_as(PutMode::if_absent, std::move(events), options, std::move(done));
}

void Intake::accept_planned(std::vector<Event> events, Done<std::vector<Accepted>> done) {
  accept_as(PutMode::planned, std::move(events), AcceptOptions{}, std::move(done));
}

EventId id_of_key(std::string_view idempotency_key) {
  return derived_id(fmt::format("idempotency-key:{}", idempotency_key));
}

void Intake::accept_redriven(Event event, Done<Accepted> done) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  accept_as(PutMode::redriven, std::move(events), {},
            [done = std::move(done)](Result<std::vector<Accepted>> accepted) mutable {
              if (!accepted) return done(fail(accepted.error()));
              done(std::move(accepted->front()));
            });
}

bool Intake::prepare(Event& event, TimePoint now) const {
  const bool named = event.id != EventId{} || !event.idempotency_key.empty();
  if (event.id == EventId{}) {
    event.id = event.idempotency_key.empty() ? random_id(ports_.random) : id_of_key(event.idempotency_key);
  }
  event.created_at = now;
  event.fire_at = std::max(event.due_at, event.fire_at);
  event.revision = 1;
  if (event.fingerprint == 0) event.fingerprint = fingerprint_of(event, std::to_string(to_micros(event.due_at)));
  return named;
}

void Intake::accept_as(PutMode mode, std::vector<Event> events, AcceptOptions options,
                       Done<std::vector<Accepted>> done) {
  if (stopping_) return done(fail(Code::shutting_down, "the scheduler is stopping"));
  auto batch = std::make_shared<Batch>(AcceptTrace(ports_.tracer, ports_.clock, mode));
  batch->now = ports_.clock.wall();
  batch->echo = options.echo;
  batch->done = std::move(done);
  batch->answers.resize(events.size());
  std::vector<Event> near;
  std::vector<Event> far;
  std::vector<bool> near_named;
  std::vector<bool> far_named;
  for (size_t i = 0; i < events.size(); ++i) {
    auto& event = events[i];
    auto& answer = batch->answers[i];
    const bool named = prepare(event, batch->now);
    batch->trace.came(i, event, batch->now);
    auto checked = check_event(event, batch->now);
    if (checked && mode == PutMode::if_absent) checked = ports_.sinks.check_target(event.target);
    if (!checked) {
      ports_.probe.refused(checked.error().code, 1);
      answer.error = std::move(checked.error());
      continue;
    }
    if (mode == PutMode::if_absent && event.max_delay && batch->now - event.due_at > *event.max_delay) {
      ports_.probe.refused(Code::expired, 1);
      answer.error =
          Error{.code = Code::expired,
                .detail = fmt::format("is already later than max_delay_seconds of {} allows", event.max_delay->count()),
                .field = "scheduled_at"};
      continue;
    }
    const bool is_far = mode == PutMode::if_absent && event.fire_at - batch->now > options_.immediate_horizon;
    answer.late = event.due_at < batch->now;
    answer.stored.tier = is_far ? Tier::far : Tier::near;
    if (options.echo) {
      answer.stored.event = event;
    } else {
      answer.stored.event.id = event.id;
      answer.stored.event.due_at = event.due_at;
      answer.stored.event.fire_at = event.fire_at;
      answer.stored.event.priority = event.priority;
    }
    (is_far ? batch->far_at : batch->near_at).push_back(i);
    (is_far ? far_named : near_named).push_back(named);
    (is_far ? far : near).push_back(std::move(event));
  }
  batch->outstanding = (near.empty() ? 0 : 1) + (far.empty() ? 0 : 1);
  if (batch->outstanding == 0) return finish(*batch);
  batch->trace.storing();
  if (!near.empty()) {
    tiers_.put_near(std::move(near), near_named, mode, [this, batch](Result<std::vector<PutOutcome>> outcomes) {
      stored(batch, Tier::near, std::move(outcomes));
    });
  }
  if (!far.empty()) {
    tiers_.put_far(std::move(far), far_named, [this, batch](Result<std::vector<PutOutcome>> outcomes) {
      stored(batch, Tier::far, std::move(outcomes));
    });
  }
}

void Intake::stored(const std::shared_ptr<Batch>& batch, Tier tier, Result<std::vector<PutOutcome>> outcomes) {
  std::vector<WindowEntry> entries;
  bool last = false;
  {
    const std::scoped_lock lock(batch->mutex);
    batch->trace.stored(tier);
    const auto& places = tier == Tier::near ? batch->near_at : batch->far_at;
    if (!outcomes) {
      batch->failed = outcomes.error();
      for (const size_t place : places) batch->answers[place].error = outcomes.error();
    } else {
      for (size_t i = 0; i < places.size(); ++i) {
        auto& answer = batch->answers[places[i]];
        auto& outcome = (*outcomes)[i];
        if (outcome.error) {
          batch->failed = outcome.error;
          answer.error = std::move(outcome.error);
          continue;
        }
        answer.result = outcome.result;
        if (outcome.result == PutResult::created) {
          const auto& event = answer.stored.event;
          if (tier == Tier::near) {
            entries.push_back(
                WindowEntry{event.id, event.fire_at, outcome.sequence, event.priority, ports_.near.shard_of(event.id)});
          }
        } else if (outcome.existing) {
          answer.stored = std::move(*outcome.existing);
        }
        if (outcome.result == PutResult::conflict) {
          answer.error = Error{.code = Code::idempotency_conflict,
                               .detail = "an event with this id exists with another content",
                               .field = "idempotency_key"};
        }
      }
    }
    last = --batch->outstanding == 0;
  }
  if (!entries.empty()) arrived_(std::move(entries));
  if (last) finish(*batch);
}

void Intake::finish(Batch& batch) {
  size_t taken = 0;
  for (const auto& answer : batch.answers) taken += answer.error ? 0 : 1;
  ports_.probe.accepted(taken, ports_.clock.wall() - batch.now);
  batch.trace.finish(batch.answers);
  // Where nothing at all could be stored, the call as a whole has failed.
  if (batch.failed && taken == 0 && batch.near_at.size() + batch.far_at.size() == batch.answers.size()) {
    return batch.done(fail(*batch.failed));
  }
  batch.done(std::move(batch.answers));
}

void Intake::get(EventId id, Done<std::optional<StoredEvent>> done) {
  ports_.near_catalog.get({id}, [this, id, done = std::move(done)](
                                    Result<std::vector<std::optional<StoredEvent>>> found) mutable {
    if (!found) return done(fail(found.error()));
    if (found->front() || &ports_.far_catalog == &ports_.near_catalog) return done(std::move(found->front()));
    ports_.far_catalog.get({id}, [done = std::move(done)](Result<std::vector<std::optional<StoredEvent>>> far) mutable {
      if (!far) return done(fail(far.error()));
      done(std::move(far->front()));
    });
  });
}

// A cursor of the far tier is marked, so that paging goes on where it was.
void Intake::find(FindRequest request, Done<EventPage> done) {
  constexpr std::string_view kFarMark = "far.";
  if (&ports_.far_catalog == &ports_.near_catalog) return ports_.near_catalog.find(std::move(request), std::move(done));
  if (request.cursor.starts_with(kFarMark)) {
    request.cursor.erase(0, kFarMark.size());
    return ports_.far_catalog.find(std::move(request),
                                   [done = std::move(done), kFarMark](Result<EventPage> page) mutable {
                                     if (page && !page->next_cursor.empty()) page->next_cursor.insert(0, kFarMark);
                                     done(std::move(page));
                                   });
  }
  ports_.near_catalog.find(request, [this, request, kFarMark, done = std::move(done)](Result<EventPage> near) mutable {
    if (!near || !near->next_cursor.empty() || near->events.size() >= request.limit) {
      if (near && near->next_cursor.empty()) near->next_cursor = kFarMark;
      return done(std::move(near));
    }
    request.cursor.clear();
    request.limit -= near->events.size();
    ports_.far_catalog.find(std::move(request),
                            [near = std::move(*near), kFarMark, done = std::move(done)](Result<EventPage> far) mutable {
                              if (!far && near.events.empty()) return done(std::move(far));
                              if (!far) {  // away: the next page says so
                                near.next_cursor = kFarMark;
                                return done(std::move(near));
                              }
                              near.events.insert(near.events.end(), std::make_move_iterator(far->events.begin()),
                                                 std::make_move_iterator(far->events.end()));
                              if (!far->next_cursor.empty())
                                near.next_cursor = std::string(kFarMark) + far->next_cursor;
                              done(std::move(near));
                            });
  });
}

void Intake::when_ended(EventId id, std::chrono::milliseconds timeout, Done<StoredEvent> done) {
  waiters_.add(id, ports_.clock.steady() + timeout, std::move(done));
  arrived_({});  // the engine takes notice of the new deadline
}

void Intake::totals(Done<Totals> done) {
  ports_.near_tier.counts([this, done = std::move(done)](Result<TierCounts> near) mutable {
    if (!near) return done(fail(near.error()));
    ports_.far_tier.counts([this, near = *near, done = std::move(done)](Result<TierCounts> counted) mutable {
      TierCounts far;
      {
        const std::scoped_lock lock(mutex_);
        if (counted) far_counts_ = *counted;
        far = far_counts_;
      }
      ports_.dead_letters.count_letters([near, far, done = std::move(done)](Result<uint64_t> dead) mutable {
        if (!dead) return done(fail(dead.error()));
        done(Totals{.near = near, .far = far, .dead_letters = *dead});
      });
    });
  });
}

void Intake::count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) {
  using Counts = std::vector<SlotCount>;
  if (&ports_.far_catalog == &ports_.near_catalog) return ports_.near_catalog.count_slots(slots, std::move(done));
  ports_.near_catalog.count_slots(slots, [this, slots, done = std::move(done)](Result<Counts> near) mutable {
    if (!near) return done(std::move(near));
    ports_.far_catalog.count_slots(slots,
                                   [near = std::move(*near), done = std::move(done)](Result<Counts> far) mutable {
                                     for (size_t slot = 0; slot < near.size(); ++slot) {
                                       if (far) near[slot].count += (*far)[slot].count;
                                       near[slot].more = near[slot].more || !far || (*far)[slot].more;
                                     }
                                     done(std::move(near));
                                   });
  });
}

}  // namespace schedules
