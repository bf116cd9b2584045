#include "engine/two_tiers.h"

#include <memory>

#include "base/log.h"

namespace schedules {
namespace {

constexpr Duration kClaimOutlives = std::chrono::hours(24);  // the event's due time
// A change that breaks off holds its event for so long: what it was may be due meanwhile. Longer than what was read before
// the change is brought near after it, and than clocks differ, by what a change may take.
constexpr Duration kHoldBack = std::chrono::seconds(60);
constexpr Duration kChangeMayTake = kHoldBack - kFarReadGood - std::chrono::seconds(10);

Done<std::vector<Changed>> only(Done<Changed> done) {
  return [done = std::move(done)](Result<std::vector<Changed>> changed) mutable {
    if (!changed) return done(fail(std::move(changed.error())));
    done(std::move(changed->front()));
  };
}

void log_not_marked(const Changed& changed, const Error& error) {
  const Event& event = changed.current->event;
  log::warn("change.far_not_marked",
            {{"event_id", event.id.text()}, {"trace_id", trace_of(event).text()}, {"error", error.detail}});
}

}  // namespace

struct TwoTiers::Put {
  std::vector<Event> named;      ///< copies, for a second look
  std::vector<size_t> named_at;  ///< their places among all
  std::vector<Event> events;     ///< far put: all
  std::vector<PutOutcome> outcomes;
  std::vector<size_t> open;  ///< places whose outcome is not known yet
  Done<std::vector<PutOutcome>> done;
};

void TwoTiers::put_near(std::vector<Event> events, const std::vector<bool>& named, PutMode mode,
                        Done<std::vector<PutOutcome>> done) {
  if (one_store()) return ports_.near.put(std::move(events), mode, std::move(done));
  auto put = std::make_shared<Put>();
  put->done = std::move(done);
  for (size_t i = 0; i < events.size(); ++i) {
    if (!named[i]) continue;
    put->named.push_back(events[i]);
    put->named_at.push_back(i);
  }
  if (!put->named.empty() && mode == PutMode::if_absent && !ports_.guard->remembers_claims()) {
    return put_if_not_far(std::move(events), put, mode);
  }
  ports_.near.put(std::move(events), mode, [this, put](Result<std::vector<PutOutcome>> outcomes) {
    if (!outcomes) return put->done(fail(std::move(outcomes.error())));
    put->outcomes = std::move(*outcomes);
    look_far(put);
  });
}

void TwoTiers::put_if_not_far(std::vector<Event> events, std::shared_ptr<Put> put, PutMode mode) {
  std::vector<EventId> ids;
  for (const auto& event : put->named) ids.push_back(event.id);
  ports_.far_catalog.get(std::move(ids), [this, put, mode, events = std::move(events)](
                                             Result<std::vector<std::optional<StoredEvent>>> found) mutable {
    if (!found) return put->done(fail(std::move(found.error())));
    put->outcomes.resize(events.size());
    std::vector<bool> taken(events.size(), false);
    for (size_t i = 0; i < put->named.size(); ++i) {
      auto& far = (*found)[i];
      if (!far) continue;
      const bool same = far->event.fingerprint == put->named[i].fingerprint;
      taken[put->named_at[i]] = true;
      put->outcomes[put->named_at[i]] = {.result = same ? PutResult::exists : PutResult::conflict,
                                         .existing = std::move(far)};
    }
    std::vector<Event> rest;
    for (size_t i = 0; i < events.size(); ++i) {
      if (taken[i]) continue;
      put->open.push_back(i);
      rest.push_back(std::move(events[i]));
    }
    if (rest.empty()) return put->done(std::move(put->outcomes));
    ports_.near.put(std::move(rest), mode, [put](Result<std::vector<PutOutcome>> outcomes) {
      if (!outcomes) return put->done(fail(std::move(outcomes.error())));
      for (size_t i = 0; i < put->open.size(); ++i) put->outcomes[put->open[i]] = std::move((*outcomes)[i]);
      put->done(std::move(put->outcomes));
    });
  });
}

// What is claimed for the far store answers `exists` without saying what.
void TwoTiers::look_far(std::shared_ptr<Put> put) {
  std::vector<EventId> ids;
  for (size_t i = 0; i < put->named.size(); ++i) {
    const auto& outcome = put->outcomes[put->named_at[i]];
    if (outcome.error || outcome.result != PutResult::exists || outcome.existing) continue;
    put->open.push_back(i);
    ids.push_back(put->named[i].id);
  }
  if (ids.empty()) return put->done(std::move(put->outcomes));
  ports_.far_catalog.get(std::move(ids), [this, put](Result<std::vector<std::optional<StoredEvent>>> found) {
    if (!found) return put->done(fail(std::move(found.error())));
    std::vector<size_t> missing;
    for (size_t i = 0; i < put->open.size(); ++i) {
      auto& far = (*found)[i];
      if (!far) {
        missing.push_back(put->open[i]);
        continue;
      }
      put->outcomes[put->named_at[put->open[i]]].existing = std::move(far);
    }
    put->open = std::move(missing);
    take_claims(put);
  });
}

// Whoever claimed these never finished, and was never acknowledged.
void TwoTiers::take_claims(std::shared_ptr<Put> put) {
  if (put->open.empty()) return put->done(std::move(put->outcomes));
  std::vector<Event> events;
  for (const size_t i : put->open) events.push_back(std::move(put->named[i]));
  ports_.near.put(std::move(events), PutMode::from_far_store, [put](Result<std::vector<PutOutcome>> outcomes) {
    if (!outcomes) return put->done(fail(std::move(outcomes.error())));
    for (size_t i = 0; i < put->open.size(); ++i) {
      put->outcomes[put->named_at[put->open[i]]] = std::move((*outcomes)[i]);
    }
    put->done(std::move(put->outcomes));
  });
}

void TwoTiers::put_far(std::vector<Event> events, const std::vector<bool>& named, Done<std::vector<PutOutcome>> done) {
  if (one_store()) return ports_.far.put(std::move(events), std::move(done));
  std::vector<FarClaim> claims;
  auto put = std::make_shared<Put>();
  for (size_t i = 0; i < events.size(); ++i) {
    if (!named[i]) continue;
    put->named_at.push_back(i);
    claims.push_back(FarClaim{.id = events[i].id,
                              .fingerprint = events[i].fingerprint,
                              .until = std::max(events[i].due_at, events[i].fire_at) + kClaimOutlives});
  }
  if (claims.empty()) return ports_.far.put(std::move(events), std::move(done));
  put->events = std::move(events);
  put->done = std::move(done);
  ports_.guard->claim(std::move(claims), [this, put](Result<std::vector<PutOutcome>> claimed) {
    if (!claimed) return put->done(fail(std::move(claimed.error())));
    put_unclaimed(put, std::move(*claimed));
  });
}

void TwoTiers::put_unclaimed(std::shared_ptr<Put> put, std::vector<PutOutcome> claims) {
  put->outcomes.resize(put->events.size());
  std::vector<bool> taken(put->events.size(), false);
  for (size_t i = 0; i < claims.size(); ++i) {
    if (claims[i].result == PutResult::created) continue;
    taken[put->named_at[i]] = true;
    put->outcomes[put->named_at[i]] = std::move(claims[i]);
  }
  std::vector<Event> events;
  for (size_t i = 0; i < put->events.size(); ++i) {
    if (taken[i]) continue;
    put->open.push_back(i);
    events.push_back(std::move(put->events[i]));
  }
  if (events.empty()) return put->done(std::move(put->outcomes));
  ports_.far.put(std::move(events), [put](Result<std::vector<PutOutcome>> outcomes) {
    if (!outcomes) return put->done(fail(std::move(outcomes.error())));
    for (size_t i = 0; i < put->open.size(); ++i) put->outcomes[put->open[i]] = std::move((*outcomes)[i]);
    put->done(std::move(put->outcomes));
  });
}

// Near first, so that a far store which is away stops no cancel of what is near.
void TwoTiers::cancel(CancelRequest request, Done<Changed> done) {
  if (one_store()) return ports_.near_catalog.cancel({std::move(request)}, only(std::move(done)));
  ports_.near_catalog.cancel({request}, only([this, request, done = std::move(done)](Result<Changed> near) mutable {
                               if (!near || near->result != ChangeResult::not_found) return done(std::move(near));
                               cancel_far(std::move(request), std::move(done));
                             }));
}

void TwoTiers::cancel_far(CancelRequest request, Done<Changed> done) {
  ports_.far_catalog.cancel({request}, only([this, request, done = std::move(done)](Result<Changed> far) mutable {
                              // A transfer may have brought it near since near was asked. It is there before far knows of it.
                              if (far && far->result == ChangeResult::not_found) {
                                return ports_.near_catalog.cancel({std::move(request)}, only(std::move(done)));
                              }
                              const bool cancelled = far && far->current && far->current->state == State::cancelled;
                              if (!cancelled) return done(std::move(far));
                              const StoredEvent ended = *far->current;
                              ports_.guard->cancel(
                                  {ended},
                                  only([far = std::move(far), done = std::move(done)](Result<Changed> guarded) mutable {
                                    const bool far_decides = guarded && guarded->result == ChangeResult::done;
                                    done(far_decides ? std::move(far) : std::move(guarded));
                                  }));
                            }));
}

void TwoTiers::change(Event event, Tier tier, Done<Changed> done) {
  if (one_store() || tier == Tier::near) {
    return ports_.near_catalog.change({std::move(event)}, only(std::move(done)));
  }
  const SteadyPoint since = ports_.clock.steady();
  std::vector<FarRevision> newer{FarRevision{event.id, event.revision + 1}};
  ports_.guard->hold_back(std::move(newer), kHoldBack,
                          [this, since, event = std::move(event), done = std::move(done)](Result<void> held) mutable {
                            if (!held) return done(fail(std::move(held.error())));
                            change_far(std::move(event), since, std::move(done));
                          });
}

void TwoTiers::change_far(Event event, SteadyPoint since, Done<Changed> done) {
  Event copy = event;
  ports_.far_catalog.change({std::move(event)}, only([this, since, copy = std::move(copy),
                                                      done = std::move(done)](Result<Changed> far) mutable {
                              if (!far || far->result != ChangeResult::done) return done(std::move(far));
                              hold_on(std::move(copy), since, std::move(*far), std::move(done));
                            }));
}

// Where the change took long, what was read before it may still be on its way when the hold ends.
void TwoTiers::hold_on(Event event, SteadyPoint since, Changed far, Done<Changed> done) {
  if (ports_.clock.steady() - since <= kChangeMayTake)
    return change_near_too(std::move(event), std::move(far), std::move(done));
  std::vector<FarRevision> newer{FarRevision{event.id, event.revision + 1}};
  ports_.guard->hold_back(
      std::move(newer), kHoldBack,
      [this, event = std::move(event), far = std::move(far), done = std::move(done)](Result<void> held) mutable {
        if (!held) return done(fail(std::move(held.error())));
        change_near_too(std::move(event), std::move(far), std::move(done));
      });
}

// A transfer may have brought the old one near before it was held back: then near decides, and far is done with.
void TwoTiers::change_near_too(Event event, Changed far, Done<Changed> done) {
  const EventId id = event.id;
  ports_.near_catalog.change(
      {std::move(event)}, only([this, id, far = std::move(far), done = std::move(done)](Result<Changed> near) mutable {
        if (!near) return done(std::move(near));
        if (near->result == ChangeResult::not_found) return done(std::move(far));
        std::vector<FarRevision> moved{FarRevision{id, far.current->event.revision}};
        ports_.far.mark_transferred(
            std::move(moved), [changed = std::move(near), done = std::move(done)](const Result<void>& marked) mutable {
              if (!marked) log_not_marked(*changed, marked.error());
              done(std::move(changed));
            });
      }));
}

}  // namespace schedules
