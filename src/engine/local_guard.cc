#include "engine/local_guard.h"

namespace schedules {
namespace {

constexpr Duration kCancelledFor = std::chrono::minutes(10);  // longer than a transfer can take over one page

}  // namespace

uint64_t LocalGuard::lowest(const EventId& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = held_.find(id);
  return found == held_.end() || found->second.until < clock_.wall() ? 0 : found->second.revision;
}

void LocalGuard::put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) {
  if (mode != PutMode::from_far_store) return near_.put(std::move(events), mode, std::move(done));
  std::vector<PutOutcome> outcomes(events.size());
  std::vector<size_t> places;
  std::vector<Event> free;
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].revision < lowest(events[i].id)) {
      outcomes[i].result = PutResult::conflict;
      continue;
    }
    places.push_back(i);
    free.push_back(std::move(events[i]));
  }
  if (free.empty()) return done(std::move(outcomes));
  near_.put(std::move(free), mode,
            [outcomes = std::move(outcomes), places = std::move(places),
             done = std::move(done)](Result<std::vector<PutOutcome>> put) mutable {
              if (!put) return done(std::move(put));
              for (size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = std::move((*put)[i]);
              done(std::move(outcomes));
            });
}

void LocalGuard::claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) {
  std::vector<EventId> ids;
  for (const auto& claim : claims) ids.push_back(claim.id);
  catalog_.get(std::move(ids), [claims = std::move(claims),
                                done = std::move(done)](Result<std::vector<std::optional<StoredEvent>>> found) mutable {
    if (!found) return done(fail(std::move(found.error())));
    std::vector<PutOutcome> outcomes(claims.size());
    for (size_t i = 0; i < claims.size(); ++i) {
      auto& near = (*found)[i];
      if (!near) continue;
      const bool same = near->event.fingerprint == claims[i].fingerprint;
      outcomes[i] = {.result = same ? PutResult::exists : PutResult::conflict, .existing = std::move(near)};
    }
    done(std::move(outcomes));
  });
}

void LocalGuard::hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) {
  const TimePoint now = clock_.wall();
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(held_, [now](const auto& entry) { return entry.second.until < now; });
    for (const auto& one : newer) {
      auto& held = held_[one.id];
      held = Held{std::max(held.revision, one.revision), now + keep};
    }
  }
  done({});
}

void LocalGuard::cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) {
  std::vector<FarRevision> never;
  std::vector<CancelRequest> requests;
  for (const auto& one : ended) {
    never.push_back({one.event.id, UINT64_MAX});
    requests.push_back({.id = one.event.id, .if_revision = {}, .at = one.outcome.at, .reason = one.outcome.reason});
  }
  hold_back(std::move(never), kCancelledFor, [](const Result<void>&) {});
  catalog_.cancel(std::move(requests),
                  [ended = std::move(ended), done = std::move(done)](Result<std::vector<Changed>> near) mutable {
                    if (!near) return done(std::move(near));
                    for (size_t i = 0; i < near->size(); ++i) {
                      if ((*near)[i].result == ChangeResult::not_found) {
                        (*near)[i] = Changed{ChangeResult::done, std::move(ended[i])};
                      }
                    }
                    done(std::move(near));
                  });
}

}  // namespace schedules
