// The catalog of one tier with a journal: a cancel or a change is answered once the journal knows of it too. Thread-safe; the
// store must have answered everything before this goes.
#pragma once

#include <functional>

#include "journal/keeper.h"

namespace schedules {

/// The store goes first: it decides against begin. A crash in between leaves the old record in the journal, but the caller
/// was answered nothing; a repeat of the cancel finds it cancelled, and forgets it again.
class JournaledCatalog final : public EventCatalog {
 public:
  /// Whether what is missing there is missing indeed: false while a store that lost its data is being filled again.
  using Complete = std::function<void(std::vector<EventId> missing, Done<bool> complete)>;

  /// `complete`: may be empty.
  JournaledCatalog(EventCatalog& inner, Keeper& keeper, Complete complete)
      : inner_(inner), keeper_(keeper), complete_(std::move(complete)) {}

  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override {
    inner_.get(std::move(ids), std::move(done));
  }
  void find(FindRequest request, Done<EventPage> done) override { inner_.find(std::move(request), std::move(done)); }
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override;
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override;
  void counts(Done<TierCounts> done) override { inner_.counts(std::move(done)); }
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override {
    inner_.count_slots(slots, std::move(done));
  }

 private:
  void forget(std::vector<Changed> changes, Done<std::vector<Changed>> done);

  EventCatalog& inner_;
  Keeper& keeper_;
  const Complete complete_;
};

}  // namespace schedules
