// Near and far store in memory, for unit tests and the simulator: the ports' contract, nothing else. What is not synced
// is remembered apart, so that a crash of the machine can drop it. With several shards it is a store that nodes share,
// as the one in Redis: fenced by epochs, and what is in flight belongs to a begin. Not thread-safe: calls answer
// inline.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "store/event_catalog.h"
#include "store/far_guard.h"
#include "store/far_store.h"
#include "store/near_store.h"

namespace schedules::testing {

/// Guards that can be taken out, to see the tests notice.
struct BrokenGuards {
  bool begin_check = false;    ///< begin answers what the window saw, whatever happened since
  bool put_if_absent = false;  ///< a second put of an id makes a second event
  bool fencing = false;        ///< any epoch will do
};

/// Whose begin put an event in flight. Epoch 0: a worker's claim, or a node that is alone.
struct FlightMark {
  uint64_t epoch = 0;
  std::string token;
  std::string node;
};

class MemoryEvents final : public NearStore, public FarStore, public EventCatalog, public FarGuard {
 public:
  explicit MemoryEvents(const Clock& clock, BrokenGuards broken = {}, uint32_t shards = 1)
      : clock_(clock), broken_(broken), shards_(shards) {}

  // NearStore
  [[nodiscard]] uint32_t shards() const override { return shards_; }
  [[nodiscard]] uint32_t shard_of(const EventId& id) const override {
    return static_cast<uint32_t>(stable_hash(id.view()) % shards_);
  }
  void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) override;
  void window(WindowRequest request, Done<WindowPage> done) override { done(window_as("", request)); }
  void begin(BeginRequest request, Done<std::vector<Event>> done) override;
  void settle(std::vector<Settlement> settlements, Done<void> done) override { done(settle_as("", settlements)); }
  // FarStore
  void put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) override;
  void due_before(TimePoint until, size_t limit, Done<FarPage> done) override;
  void mark_transferred(std::vector<FarRevision> moved, Done<void> done) override;
  // EventCatalog
  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override;
  void find(FindRequest request, Done<EventPage> done) override;
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override;
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override;
  void counts(Done<TierCounts> done) override;
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override;
  // FarGuard
  void claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) override;
  void hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) override;
  void cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) override;

  // As several nodes say it (store/redis/scripts_fire.cc).
  Result<WindowPage> window_as(const std::string& node, const WindowRequest& request);
  Result<std::vector<Event>> begin_as(const FlightMark& mark, const BeginRequest& request);
  Result<void> settle_as(const std::string& node, std::vector<Settlement>& settlements);
  /// What that begin has in flight waits again, and it begins nothing any more.
  Result<void> give_back(uint32_t shard, const FlightMark& mark, const std::vector<EventId>& ids);
  /// What is in flight under an earlier epoch than the owner's, or as another's, waits again.
  void recover(uint32_t shard, const FlightMark& owner, bool crashed);
  /// So does what was claimed at a node that lives no more, by an earlier process of `self`, or by this one, which does not
  /// know of it any more. Answers whose it was.
  using Knows = std::function<bool(const EventId& id, const std::string& token)>;
  std::vector<EventId> recover_claims(uint32_t shard, const std::vector<std::string>& alive, const FlightMark& self,
                                      const Knows& knows);
  [[nodiscard]] bool has_in_flight(uint32_t shard, uint64_t epoch) const;

  /// The process died: what was in flight waits again.
  void process_crash() { data_.in_flight.clear(); }
  /// The machine died: what was not synced is gone as well.
  void machine_crash();
  /// All that it holds, to be put back as it was: the newest writes are lost.
  struct Data;
  [[nodiscard]] std::shared_ptr<const Data> copy() const { return std::make_shared<Data>(data_); }
  void restore(const Data& data) { data_ = data; }

  [[nodiscard]] const StoredEvent* look(const EventId& id) const;
  [[nodiscard]] std::string flight_of(const EventId& id) const {
    const auto found = data_.in_flight.find(id);
    return found == data_.in_flight.end() ? "" : fmt::format("{} {}", found->second.epoch, found->second.token);
  }
  [[nodiscard]] size_t waiting() const;
  std::function<std::optional<Error>(const Event&)> refuses;  ///< of a put near; the others of its batch are stored
  /// Whether this lease is the shard's now; none: nothing is fenced.
  std::function<bool(uint32_t shard, const std::string& node, uint64_t epoch)> is_lease;
  std::function<void(uint32_t shard, TimePoint fire_at)> woken;  ///< something was put that its owner should know of
  size_t window_reads = 0;                                       ///< calls of window() so far

 private:
  struct Row {
    StoredEvent stored;
    uint64_t sequence = 0;
  };
  struct Hold {
    uint64_t revision = 0;  ///< the lowest that may come near
    TimePoint until;
  };

 public:
  struct Data {
    std::map<EventId, Row> rows;
    std::map<EventId, FlightMark> in_flight;
    std::set<std::string> voided;  ///< tokens of begins that were given up
    std::map<EventId, std::vector<TimePoint>> crashes;
    std::map<EventId, uint64_t> claims;  ///< fingerprints
    std::map<EventId, Hold> held_back;
    uint64_t sequence = 0;
  };

 private:
  std::optional<PutOutcome> refused_for_far(const Event& event, PutMode mode);
  PutOutcome put_one(Event event, PutMode mode, Tier tier);
  void settle_one(Settlement settlement);
  [[nodiscard]] Status check_lease(uint32_t shard, const std::string& node, uint64_t epoch) const;
  void wake(const Event& event) const {
    if (woken) woken(shard_of(event.id), event.fire_at);
  }
  void sync() {
    if (shards_ == 1) synced_ = data_.rows;
  }

  const Clock& clock_;
  BrokenGuards broken_;
  uint32_t shards_;
  Data data_;
  std::map<EventId, Row> synced_;
  std::map<EventId, Event> seen_by_window_;
};

}  // namespace schedules::testing
