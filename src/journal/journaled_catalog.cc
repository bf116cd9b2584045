#include "journal/journaled_catalog.h"

namespace schedules {
namespace {

using Changes = std::vector<Changed>;

Done<void> then_answer(Changes changes, Done<Changes> done) {
  return [changes = std::move(changes), done = std::move(done)](Result<void> kept) mutable {
    if (!kept) return done(fail(std::move(kept.error())));
    done(std::move(changes));
  };
}

}  // namespace

void JournaledCatalog::cancel(std::vector<CancelRequest> requests, Done<Changes> done) {
  std::vector<EventId> asked;
  for (const auto& request : requests) asked.push_back(request.id);
  inner_.cancel(
      std::move(requests), [this, asked = std::move(asked), done = std::move(done)](Result<Changes> changes) mutable {
        if (!changes) return done(fail(std::move(changes.error())));
        std::vector<EventId> missing;
        for (size_t i = 0; i < asked.size(); ++i) {
          if ((*changes)[i].result == ChangeResult::not_found) missing.push_back(asked[i]);
        }
        if (missing.empty() || !complete_) return forget(std::move(*changes), std::move(done));
        // Whoever is told that there is no such event must not see it fire.
        complete_(std::move(missing),
                  [this, changes = std::move(*changes), done = std::move(done)](Result<bool> complete) mutable {
                    if (!complete) return done(fail(std::move(complete.error())));
                    if (!*complete)
                      return done(fail(Code::unavailable, "the store is being filled again from the journal"));
                    forget(std::move(changes), std::move(done));
                  });
      });
}

void JournaledCatalog::forget(Changes changes, Done<Changes> done) {
  std::vector<EventId> ids;
  for (const auto& changed : changes) {
    if (changed.current && changed.current->state == State::cancelled) ids.push_back(changed.current->event.id);
  }
  keeper_.forget(std::move(ids), then_answer(std::move(changes), std::move(done)));
}

void JournaledCatalog::change(std::vector<Event> events, Done<Changes> done) {
  inner_.change(std::move(events), [this, done = std::move(done)](Result<Changes> changes) mutable {
    if (!changes) return done(fail(std::move(changes.error())));
    std::vector<Event> waiting;
    for (const auto& changed : *changes) {
      if (changed.result == ChangeResult::done && changed.current) waiting.push_back(changed.current->event);
    }
    keeper_.keep(std::move(waiting), false, then_answer(std::move(*changes), std::move(done)));
  });
}

}  // namespace schedules
