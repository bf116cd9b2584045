// The far guard of a near store that only this process uses, such as an embedded one beside a far store on a server: what
// is held back or cancelled is remembered here, since a transfer that could bring it near again dies with this process too.
// Stands before the near store. Claims are not kept: of a caller's id the far store is asked (TwoTiers). Thread-safe.
#pragma once

#include <mutex>
#include <unordered_map>

#include "store/far_guard.h"

namespace schedules {

class LocalGuard final : public NearStore, public FarGuard {
 public:
  LocalGuard(NearStore& near, EventCatalog& catalog, const Clock& clock)
      : near_(near), catalog_(catalog), clock_(clock) {}

  [[nodiscard]] uint32_t shards() const override { return near_.shards(); }
  [[nodiscard]] uint32_t shard_of(const EventId& id) const override { return near_.shard_of(id); }
  void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) override;
  void window(WindowRequest request, Done<WindowPage> done) override { near_.window(request, std::move(done)); }
  void begin(BeginRequest request, Done<std::vector<Event>> done) override {
    near_.begin(std::move(request), std::move(done));
  }
  void settle(std::vector<Settlement> settlements, Done<void> done) override {
    near_.settle(std::move(settlements), std::move(done));
  }

  [[nodiscard]] bool remembers_claims() const override { return false; }
  void claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) override;
  void hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) override;
  void cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) override;

 private:
  struct Held {
    uint64_t revision = 0;
    TimePoint until;
  };
  /// The lowest revision of it that may come near now.
  uint64_t lowest(const EventId& id);

  NearStore& near_;
  EventCatalog& catalog_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<EventId, Held, EventIdHash> held_;
};

}  // namespace schedules
