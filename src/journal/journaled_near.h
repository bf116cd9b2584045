// Near and far store with a journal: nothing is answered as stored that the journal does not have too. Thread-safe; the stores
// must have answered everything before these go.
#pragma once

#include <functional>

#include "journal/keeper.h"
#include "store/far_store.h"
#include "store/near_store.h"

namespace schedules {

/// The store goes first, then the journal, then the answer. A crash in between, or a journal that is away: nothing was
/// answered, and a repeat finds `exists`, which is appended again. The other way round an id that is taken (exists,
/// conflict) would overwrite the journal's record of what is there.
class JournaledNear final : public NearStore {
 public:
  /// Events of the shard that were published into Kafka have their end stored.
  using FiredSettled = std::function<void(uint32_t shard, const std::vector<EventId>& ids)>;

  JournaledNear(NearStore& inner, EventCatalog& far, Keeper& keeper, FiredSettled settled)
      : inner_(inner), far_(far), keeper_(keeper), settled_(std::move(settled)) {}

  [[nodiscard]] uint32_t shards() const override { return inner_.shards(); }
  [[nodiscard]] uint32_t shard_of(const EventId& id) const override { return inner_.shard_of(id); }
  void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) override;
  void window(WindowRequest request, Done<WindowPage> done) override { inner_.window(request, std::move(done)); }
  void begin(BeginRequest request, Done<std::vector<Event>> done) override {
    inner_.begin(std::move(request), std::move(done));
  }
  void settle(std::vector<Settlement> settlements, Done<void> done) override;

 private:
  void store_ends(std::vector<Settlement> settlements, Done<void> done);

  NearStore& inner_;
  EventCatalog& far_;
  Keeper& keeper_;
  FiredSettled settled_;
};

class JournaledFar final : public FarStore {
 public:
  JournaledFar(FarStore& inner, Keeper& keeper) : inner_(inner), keeper_(keeper) {}

  void put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) override;
  void due_before(TimePoint until, size_t limit, Done<FarPage> done) override {
    inner_.due_before(until, limit, std::move(done));
  }
  /// The journal does not tell tiers apart: nothing to append.
  void mark_transferred(std::vector<FarRevision> moved, Done<void> done) override {
    inner_.mark_transferred(std::move(moved), std::move(done));
  }

 private:
  FarStore& inner_;
  Keeper& keeper_;
};

}  // namespace schedules
