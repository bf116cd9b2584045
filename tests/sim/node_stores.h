// The stores in memory as one node reaches them: over its link. The rows are shared by all nodes.
#pragma once

#include "store/far_guard.h"
#include "store/redis/doubts.h"
#include "store/redis/own_claims.h"
#include "tests/sim/ledger.h"
#include "tests/sim/world.h"
#include "tests/support/memory_leases.h"

namespace schedules::sim {

/// Runs an inline-answering call of a memory store and gives its answer back.
template <class T, class Call>
Result<T> inline_answer(Call ask) {
  Result<T> answer = fail(Code::internal, "not answered inline");
  ask(Done<T>([&answer](Result<T> got) { answer = std::move(got); }));
  return answer;
}

/// As store/redis: a begin has a token, and one whose answer was lost is given back before the next window.
class NodeEvents final : public NearStore, public FarStore, public EventCatalog, public FarGuard {
 public:
  NodeEvents(World& world, Link& link, testing::MemoryEvents& rows, Ledger& ledger)
      : world_(world), link_(link), rows_(rows), ledger_(ledger) {}
  using Outcomes = std::vector<PutOutcome>;

  /// A new process: it knows nothing of what the one before had begun.
  void restart() {
    begun_at.clear();
    doubts_ = std::make_unique<redis::Doubts>();
    own_claims_ = std::make_unique<redis::OwnClaims>();
  }
  [[nodiscard]] testing::FlightMark self() const {
    return {.epoch = 0, .token = fmt::format("{}.", link_.life), .node = link_.name};
  }

  [[nodiscard]] uint32_t shards() const override { return rows_.shards(); }
  [[nodiscard]] uint32_t shard_of(const EventId& id) const override { return rows_.shard_of(id); }
  void put(std::vector<Event> events, PutMode mode, Done<Outcomes> done) override {
    auto ids = ids_of(events);
    write<Outcomes>(std::move(ids), std::move(done), [this, events = std::move(events), mode]() mutable {
      return inline_answer<Outcomes>([&](auto answer) { rows_.put(std::move(events), mode, std::move(answer)); });
    });
  }
  void put(std::vector<Event> events, Done<Outcomes> done) override {
    auto ids = ids_of(events);
    write<Outcomes>(std::move(ids), std::move(done), [this, events = std::move(events)]() mutable {
      return inline_answer<Outcomes>([&](auto answer) { rows_.put(std::move(events), std::move(answer)); });
    });
  }
  void window(WindowRequest request, Done<WindowPage> done) override {
    give_back(doubts_->take(request.shard, request.epoch),
              [this, request, done = std::move(done)](Result<void> given) mutable {
                if (!given) return done(fail(std::move(given.error())));
                read<WindowPage>(std::move(done), [this, request] { return rows_.window_as(link_.name, request); });
              });
  }
  void begin(BeginRequest request, Done<std::vector<Event>> done) override;
  void settle(std::vector<Settlement> settlements, Done<void> done) override;
  void due_before(TimePoint until, size_t limit, Done<FarPage> done) override {
    read<FarPage>(std::move(done), [this, until, limit] {
      return inline_answer<FarPage>([&](auto answer) { rows_.due_before(until, limit, std::move(answer)); });
    });
  }
  void mark_transferred(std::vector<FarRevision> moved, Done<void> done) override {
    write<void>({}, std::move(done), [this, moved = std::move(moved)]() mutable {
      return inline_answer<void>([&](auto answer) { rows_.mark_transferred(std::move(moved), std::move(answer)); });
    });
  }
  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override {
    using Found = std::vector<std::optional<StoredEvent>>;
    read<Found>(std::move(done), [this, ids = std::move(ids)]() mutable {
      return inline_answer<Found>([&](auto answer) { rows_.get(std::move(ids), std::move(answer)); });
    });
  }
  void find(FindRequest request, Done<EventPage> done) override {
    read<EventPage>(std::move(done), [this, request = std::move(request)]() mutable {
      return inline_answer<EventPage>([&](auto answer) { rows_.find(std::move(request), std::move(answer)); });
    });
  }
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override {
    std::vector<EventId> ids;
    for (const auto& request : requests) ids.push_back(request.id);
    write<std::vector<Changed>>(std::move(ids), std::move(done), [this, requests = std::move(requests)]() mutable {
      return inline_answer<std::vector<Changed>>(
          [&](auto answer) { rows_.cancel(std::move(requests), std::move(answer)); });
    });
  }
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override {
    auto ids = ids_of(events);
    write<std::vector<Changed>>(std::move(ids), std::move(done), [this, events = std::move(events)]() mutable {
      return inline_answer<std::vector<Changed>>(
          [&](auto answer) { rows_.change(std::move(events), std::move(answer)); });
    });
  }
  void counts(Done<TierCounts> done) override { rows_.counts(std::move(done)); }
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override {
    rows_.count_slots(slots, std::move(done));
  }

  // FarGuard, where far events lie in a store of their own.
  void claim(std::vector<FarClaim> claims, Done<Outcomes> done) override {
    std::vector<EventId> ids;
    for (const auto& claim : claims) ids.push_back(claim.id);
    write<Outcomes>(std::move(ids), std::move(done), [this, claims = std::move(claims)]() mutable {
      return inline_answer<Outcomes>([&](auto answer) { rows_.claim(std::move(claims), std::move(answer)); });
    });
  }
  void hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) override {
    std::vector<EventId> ids;
    for (const auto& one : newer) ids.push_back(one.id);
    write<void>(std::move(ids), std::move(done), [this, newer = std::move(newer), keep]() mutable {
      return inline_answer<void>([&](auto answer) { rows_.hold_back(std::move(newer), keep, std::move(answer)); });
    });
  }
  void cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) override {
    std::vector<EventId> ids;
    for (const auto& one : ended) ids.push_back(one.event.id);
    write<std::vector<Changed>>(std::move(ids), std::move(done), [this, ended = std::move(ended)]() mutable {
      return inline_answer<std::vector<Changed>>(
          [&](auto answer) { rows_.cancel(std::move(ended), std::move(answer)); });
    });
  }

  // What takes a shard over says (app/node_parts.cc).
  void recover(uint32_t shard, uint64_t epoch, bool crashed, Done<void> done);
  void recover_claims(uint32_t shard, std::vector<std::string> alive, Done<void> done);

  /// As often as the program probes its stores.
  void probe() {
    give_back(doubts_->take_claims(), [](const Result<void>&) {});
  }

  std::map<EventId, SteadyPoint> begun_at;

 private:
  static std::vector<EventId> ids_of(const std::vector<Event>& events) {
    std::vector<EventId> ids;
    for (const auto& event : events) ids.push_back(event.id);
    return ids;
  }
  template <class T, class Apply>
  void read(Done<T> done, Apply apply) {
    call<T>(world_, link_, Answers::may_lie, std::move(done), std::move(apply));
  }
  template <class T, class Apply>
  void write(std::vector<EventId> ids, Done<T> done, Apply apply) {
    call<T>(world_, link_, Answers::may_lie, std::move(done),
            [this, ids = std::move(ids), apply = std::move(apply)]() mutable {
              for (const auto& id : ids) ledger_.touched(id, world_.truth.steady());
              return apply();
            });
  }
  void give_back(std::vector<redis::Doubt> doubts, Done<void> done);

  World& world_;
  Link& link_;
  testing::MemoryEvents& rows_;
  Ledger& ledger_;
  std::unique_ptr<redis::Doubts> doubts_ = std::make_unique<redis::Doubts>();
  std::unique_ptr<redis::OwnClaims> own_claims_ = std::make_unique<redis::OwnClaims>();
  uint64_t begins_ = 0;
};

/// Only what the engine calls goes through the faults; the rest is for the checker.
class NodeSchedules final : public ScheduleStore, public DeadLetterStore {
 public:
  NodeSchedules(World& world, Link& link, testing::MemorySchedules& rows) : world_(world), link_(link), rows_(rows) {}

  void create(Schedule schedule, Done<Schedule> done) override {
    say<Schedule>(std::move(done), [this, schedule = std::move(schedule)]() mutable {
      return inline_answer<Schedule>([&](auto answer) { rows_.create(std::move(schedule), std::move(answer)); });
    });
  }
  void update(Schedule schedule, Done<Schedule> done) override {
    say<Schedule>(std::move(done), [this, schedule = std::move(schedule)]() mutable {
      return inline_answer<Schedule>([&](auto answer) { rows_.update(std::move(schedule), std::move(answer)); });
    });
  }
  void get(std::string id, Done<std::optional<Schedule>> done) override {
    say<std::optional<Schedule>>(std::move(done), [this, id = std::move(id)]() mutable {
      return inline_answer<std::optional<Schedule>>([&](auto answer) { rows_.get(std::move(id), std::move(answer)); });
    });
  }
  void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) override {
    rows_.find(std::move(filter), std::move(done));
  }
  void count(ScheduleFilter filter, Done<uint64_t> done) override { rows_.count(std::move(filter), std::move(done)); }
  void remove(std::string id, AuditNote audit, Done<bool> done) override {
    say<bool>(std::move(done), [this, id = std::move(id), audit = std::move(audit)]() mutable {
      return inline_answer<bool>(
          [&](auto answer) { rows_.remove(std::move(id), std::move(audit), std::move(answer)); });
    });
  }
  void due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) override {
    say<std::vector<Schedule>>(std::move(done), [this, until, limit] {
      return inline_answer<std::vector<Schedule>>(
          [&](auto answer) { rows_.due_to_plan(until, limit, std::move(answer)); });
    });
  }
  void mark_planned(std::vector<Schedule> planned, Done<void> done) override {
    say<void>(std::move(done), [this, planned = std::move(planned)]() mutable {
      return inline_answer<void>([&](auto answer) { rows_.mark_planned(std::move(planned), std::move(answer)); });
    });
  }
  void revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) override {
    using Found = std::vector<ScheduleRevision>;
    say<Found>(std::move(done), [this, ids = std::move(ids)]() mutable {
      return inline_answer<Found>([&](auto answer) { rows_.revisions(std::move(ids), std::move(answer)); });
    });
  }
  void bury(std::vector<DeadLetter> letters, Done<void> done) override {
    say<void>(std::move(done), [this, letters = std::move(letters)]() mutable {
      return inline_answer<void>([&](auto answer) { rows_.bury(std::move(letters), std::move(answer)); });
    });
  }
  void get_letter(EventId id, Done<std::optional<DeadLetter>> done) override { rows_.get_letter(id, std::move(done)); }
  void find_letters(DeadLetterFilter filter, Done<DeadLetterPage> done) override {
    rows_.find_letters(std::move(filter), std::move(done));
  }
  void drop_letters(std::vector<EventId> ids, Done<uint64_t> done) override {
    rows_.drop_letters(std::move(ids), std::move(done));
  }
  void count_letters(Done<uint64_t> done) override { rows_.count_letters(std::move(done)); }

 private:
  template <class T, class Apply>
  void say(Done<T> done, Apply apply) {
    call<T>(world_, link_, Answers::may_lie, std::move(done), std::move(apply));
  }

  World& world_;
  Link& link_;
  testing::MemorySchedules& rows_;
};

/// A node's voice about leases.
class NodeLeases final : public LeaseStore {
 public:
  NodeLeases(World& world, Link& link, testing::MemoryLeases& leases) : world_(world), link_(link), leases_(leases) {}
  void renew(uint32_t shard, uint64_t epoch, Done<LeaseState> done) override {
    say<LeaseState>(std::move(done), [&leases = leases_, node = link_.name, shard, epoch]() -> Result<LeaseState> {
      return leases.renew(node, shard, epoch);
    });
  }
  void acquire(uint32_t shard, SeenEpochs seen, Done<LeaseState> done) override {
    say<LeaseState>(std::move(done), [&leases = leases_, node = link_.name, shard, seen]() -> Result<LeaseState> {
      return leases.acquire(node, shard, seen);
    });
  }
  void release(uint32_t shard, uint64_t epoch, When when, Done<bool> done) override {
    say<bool>(std::move(done), [&leases = leases_, node = link_.name, shard, epoch, when]() -> Result<bool> {
      return leases.release(node, shard, epoch, when);
    });
  }
  void beat(TimePoint started_at, const std::string& address, Done<Beat> done) override {
    say<Beat>(std::move(done), [&leases = leases_, node = link_.name, started_at, address]() -> Result<Beat> {
      return leases.beat(node, started_at, address);
    });
  }
  void leave(Done<void> done) override {
    say<void>(std::move(done), [&leases = leases_, node = link_.name]() -> Result<void> {
      leases.leave(node);
      return {};
    });
  }

 private:
  template <class T, class Apply>
  void say(Done<T> done, Apply apply) {
    call<T>(world_, link_, Answers::may_lie, std::move(done), std::move(apply));
  }
  World& world_;
  Link& link_;
  testing::MemoryLeases& leases_;
};

}  // namespace schedules::sim
