#include "journal/journaled_near.h"

namespace schedules {
namespace {

using Outcomes = std::vector<PutOutcome>;

/// What waits now, of what was put: as it was given, or as it was there already.
std::vector<Event> waiting_of(std::vector<Event> events, const Outcomes& outcomes) {
  std::vector<Event> waiting;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto& outcome = outcomes[i];
    if (outcome.error) continue;
    if (outcome.result == PutResult::created) {
      waiting.push_back(std::move(events[i]));
    } else if (outcome.result == PutResult::exists && outcome.existing && !is_final(outcome.existing->state)) {
      waiting.push_back(outcome.existing->event);
    }
  }
  return waiting;
}

void keep_then_answer(Keeper& keeper, std::vector<Event> waiting, bool redriven, Outcomes outcomes,
                      Done<Outcomes> done) {
  if (waiting.empty()) return done(std::move(outcomes));
  keeper.keep(std::move(waiting), redriven,
              [outcomes = std::move(outcomes), done = std::move(done)](Result<void> kept) mutable {
                if (!kept) return done(fail(std::move(kept.error())));
                done(std::move(outcomes));
              });
}

/// Its record in the journal ended with the transaction that published it.
bool ended_in_transaction(const Settlement& settlement) {
  return settlement.outcome.state == State::fired && settlement.outcome.sink == "kafka";
}

}  // namespace

// What comes from the far store is appended too, though the journal has it already if it was put there by an accept: a claim
// that nobody finished is taken over in the same mode (engine/two_tiers.cc), and of that the journal knows nothing.
void JournaledNear::put(std::vector<Event> events, PutMode mode, Done<Outcomes> done) {
  auto copies = events;
  inner_.put(std::move(events), mode,
             [this, mode, events = std::move(copies), done = std::move(done)](Result<Outcomes> outcomes) mutable {
               if (!outcomes) return done(fail(std::move(outcomes.error())));
               std::vector<EventId> far;  // claimed: whoever asks will find it far, and take it for stored
               for (size_t i = 0; i < outcomes->size(); ++i) {
                 const auto& outcome = (*outcomes)[i];
                 const bool claimed = !outcome.error && outcome.result == PutResult::exists && !outcome.existing;
                 if (claimed) far.push_back(events[i].id);
               }
               auto waiting = waiting_of(std::move(events), *outcomes);
               const bool redriven = mode == PutMode::redriven;
               if (far.empty()) {
                 return keep_then_answer(keeper_, std::move(waiting), redriven, std::move(*outcomes), std::move(done));
               }
               far_.get(std::move(far),
                        [this, redriven, waiting = std::move(waiting), outcomes = std::move(*outcomes),
                         done = std::move(done)](Result<std::vector<std::optional<StoredEvent>>> found) mutable {
                          if (!found) return done(fail(std::move(found.error())));
                          for (auto& one : *found) {
                            if (one && !is_final(one->state)) waiting.push_back(std::move(one->event));
                          }
                          keep_then_answer(keeper_, std::move(waiting), redriven, std::move(outcomes), std::move(done));
                        });
             });
}

// What ends otherwise than in a transaction is forgotten first. A crash in between: the store still has it in flight, its next
// owner ends it again. The other way round a lost store would be filled with an event that was dead or cancelled long ago.
void JournaledNear::settle(std::vector<Settlement> settlements, Done<void> done) {
  std::vector<EventId> ids;
  for (const auto& settlement : settlements) {
    if (is_final(settlement.outcome.state) && !ended_in_transaction(settlement)) ids.push_back(settlement.event.id);
  }
  if (ids.empty()) return store_ends(std::move(settlements), std::move(done));
  keeper_.forget(std::move(ids),
                 [this, settlements = std::move(settlements), done = std::move(done)](Result<void> forgotten) mutable {
                   if (!forgotten) return done(fail(std::move(forgotten.error())));
                   store_ends(std::move(settlements), std::move(done));
                 });
}

void JournaledNear::store_ends(std::vector<Settlement> settlements, Done<void> done) {
  std::vector<EventId> fired;
  for (const auto& settlement : settlements) {
    if (ended_in_transaction(settlement)) fired.push_back(settlement.event.id);
  }
  const uint32_t shard = settlements.empty() ? 0 : settlements.front().shard;
  inner_.settle(std::move(settlements),
                [this, shard, fired = std::move(fired), done = std::move(done)](Result<void> settled) mutable {
                  if (settled && !fired.empty() && settled_) settled_(shard, fired);
                  done(std::move(settled));
                });
}

void JournaledFar::put(std::vector<Event> events, Done<Outcomes> done) {
  auto copies = events;
  inner_.put(std::move(events),
             [this, events = std::move(copies), done = std::move(done)](Result<Outcomes> outcomes) mutable {
               if (!outcomes) return done(fail(std::move(outcomes.error())));
               auto waiting = waiting_of(std::move(events), *outcomes);
               keep_then_answer(keeper_, std::move(waiting), false, std::move(*outcomes), std::move(done));
             });
}

}  // namespace schedules
