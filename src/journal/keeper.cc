#include "journal/keeper.h"

#include "base/log.h"

namespace schedules {
namespace {

// Longer than an append may take: what is due later than that cannot have been fired meanwhile.
constexpr Duration kSoon = std::chrono::seconds(30);

Error named(Error error) {
  error.detail = "the journal did not take it: " + error.detail;
  if (error.code != Code::payload_too_large) error.code = Code::unavailable;
  return error;
}

}  // namespace

void Keeper::keep(std::vector<Event> events, bool redriven, Done<void> done) {
  if (events.empty()) return done({});
  std::vector<EventId> soon;
  const TimePoint now = clock_.wall();
  for (const auto& event : events) {
    if (event.fire_at <= now + kSoon) soon.push_back(event.id);
  }
  journal_.append(std::move(events), redriven,
                  [this, soon = std::move(soon), done = std::move(done)](Result<void> appended) mutable {
                    if (!appended) return done(fail(named(std::move(appended.error()))));
                    done({});
                    if (!soon.empty()) look_again(std::move(soon));
                  });
}

void Keeper::forget(std::vector<EventId> ids, Done<void> done) {
  if (ids.empty()) return done({});
  journal_.forget(std::move(ids), [done = std::move(done)](Result<void> forgotten) mutable {
    if (!forgotten) return done(fail(named(std::move(forgotten.error()))));
    done({});
  });
}

// The store had it before the journal, so its owner may have ended it first: then the append stands behind the end. Only what
// is known to have ended is forgotten; what is missing may have been lost, and then the journal is all that is left of it.
void Keeper::look_again(std::vector<EventId> ids) {
  near_.get(ids, [this](Result<std::vector<std::optional<StoredEvent>>> found) {
    if (!found) return;
    std::vector<EventId> ended;
    for (const auto& one : *found) {
      if (one && is_final(one->state)) ended.push_back(one->event.id);
    }
    if (ended.empty()) return;
    journal_.forget(std::move(ended), [](const Result<void>& forgotten) {
      if (!forgotten) log::debug("journal.not_forgotten", {{"error", forgotten.error().detail}});
    });
  });
}

}  // namespace schedules
