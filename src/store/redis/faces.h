// The store's three faces. Only for this room's own sources.
#pragma once

#include "store/redis/shards.h"

namespace schedules::redis {

class Near final : public NearStore {
 public:
  explicit Near(Shards& shards) : shards_(shards) {}
  [[nodiscard]] uint32_t shards() const override { return shards_.count(); }
  [[nodiscard]] uint32_t shard_of(const EventId& id) const override { return shards_.shard_of(id); }
  void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) override;
  void put_back(uint64_t filling, std::vector<Event> events, Done<std::vector<PutOutcome>> done);
  void window(WindowRequest request, Done<WindowPage> done) override;
  void begin(BeginRequest request, Done<std::vector<Event>> done) override;
  void settle(std::vector<Settlement> settlements, Done<void> done) override;
  void give_back(std::vector<Doubt> doubts, Done<void> done);

 private:
  struct Put;
  void put(std::vector<Event> events, PutMode mode, std::string filling, Done<std::vector<PutOutcome>> done);
  void put_chunk(const std::shared_ptr<Put>& put, const Chunk& chunk);
  struct Begin;
  void begin_chunk(const std::shared_ptr<Begin>& begin, size_t from);
  void begun(Begin& begin);
  void begin_failed(const std::shared_ptr<Begin>& begin, size_t sent, Error error);

  Shards& shards_;
};

class Catalog final : public EventCatalog {
 public:
  explicit Catalog(Shards& shards) : shards_(shards) {}
  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override;
  void find(FindRequest request, Done<EventPage> done) override;
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override;
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override;
  void counts(Done<TierCounts> done) override;
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override;

 private:
  struct Cancel;
  void look_for_cancel(const std::shared_ptr<Cancel>& cancel);
  void drop(const std::shared_ptr<Cancel>& cancel);

  Shards& shards_;
};

class Guard final : public FarGuard {
 public:
  explicit Guard(Shards& shards) : shards_(shards) {}
  void claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) override;
  void hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) override;
  void cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) override;

 private:
  Shards& shards_;
};

/// What is known of an event: a script's (1 the same | 2 another, value, kind). Errors: corrupt.
Result<PutOutcome> outcome_of(const Reply& reply);
/// What a change found (scripts_change.cc): kind and value. `done` has no current yet.
Result<Changed> changed_of(int64_t kind, const std::string& value);
/// Pages of all shards (find.cc).
void find_in(Shards& shards, FindRequest request, Done<EventPage> done);

}  // namespace schedules::redis
