// The in-memory stores behind a slow and faulty connection.
#pragma once

#include <map>

#include "tests/sim/sim_time.h"
#include "tests/support/memory_events.h"
#include "tests/support/memory_schedules.h"

namespace schedules::sim {

/// Runs an inline-answering call of a memory store and gives its answer back.
template <class T, class Call>
Result<T> inline_answer(Call call) {
  Result<T> answer = fail(Code::internal, "not answered inline");
  call(Done<T>([&answer](Result<T> got) { answer = std::move(got); }));
  return answer;
}

class SimEvents final : public NearStore, public FarStore, public EventCatalog {
 public:
  SimEvents(World& world, testing::MemoryEvents& rows) : world_(world), rows_(rows) {}
  using Outcomes = std::vector<PutOutcome>;

  [[nodiscard]] uint32_t shards() const override { return 1; }
  [[nodiscard]] uint32_t shard_of(const EventId&) const override { return 0; }
  void put(std::vector<Event> events, PutMode mode, Done<Outcomes> done) override {
    call_later<Outcomes>(world_, true, std::move(done), [this, events = std::move(events), mode]() mutable {
      return inline_answer<Outcomes>([&](auto answer) { rows_.put(std::move(events), mode, std::move(answer)); });
    });
  }
  void put(std::vector<Event> events, Done<Outcomes> done) override {
    call_later<Outcomes>(world_, true, std::move(done), [this, events = std::move(events)]() mutable {
      return inline_answer<Outcomes>([&](auto answer) { rows_.put(std::move(events), std::move(answer)); });
    });
  }
  void window(WindowRequest request, Done<WindowPage> done) override {
    call_later<WindowPage>(world_, true, std::move(done), [this, request] {
      return inline_answer<WindowPage>([&](auto answer) { rows_.window(request, std::move(answer)); });
    });
  }
  void begin(BeginRequest request, Done<std::vector<Event>> done) override {
    call_later<std::vector<Event>>(world_, false, std::move(done), [this, request = std::move(request)]() mutable {
      auto begun =
          inline_answer<std::vector<Event>>([&](auto answer) { rows_.begin(std::move(request), std::move(answer)); });
      for (const auto& event : begun.value()) begun_at[event.id] = world_.clock.steady();
      return begun;
    });
  }
  void settle(std::vector<Settlement> settlements, Done<void> done) override {
    call_later<void>(world_, true, std::move(done), [this, settlements = std::move(settlements)]() mutable {
      return inline_answer<void>([&](auto answer) { rows_.settle(std::move(settlements), std::move(answer)); });
    });
  }
  void due_before(TimePoint until, size_t limit, Done<FarPage> done) override {
    call_later<FarPage>(world_, true, std::move(done), [this, until, limit] {
      return inline_answer<FarPage>([&](auto answer) { rows_.due_before(until, limit, std::move(answer)); });
    });
  }
  void mark_transferred(std::vector<FarRevision> moved, Done<void> done) override {
    call_later<void>(world_, true, std::move(done), [this, moved = std::move(moved)]() mutable {
      return inline_answer<void>([&](auto answer) { rows_.mark_transferred(std::move(moved), std::move(answer)); });
    });
  }
  void get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) override {
    using Found = std::vector<std::optional<StoredEvent>>;
    call_later<Found>(world_, true, std::move(done), [this, ids = std::move(ids)]() mutable {
      return inline_answer<Found>([&](auto answer) { rows_.get(std::move(ids), std::move(answer)); });
    });
  }
  void find(FindRequest request, Done<EventPage> done) override {
    call_later<EventPage>(world_, true, std::move(done), [this, request = std::move(request)]() mutable {
      return inline_answer<EventPage>([&](auto answer) { rows_.find(std::move(request), std::move(answer)); });
    });
  }
  void cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) override {
    call_later<std::vector<Changed>>(world_, true, std::move(done), [this, requests = std::move(requests)]() mutable {
      return inline_answer<std::vector<Changed>>(
          [&](auto answer) { rows_.cancel(std::move(requests), std::move(answer)); });
    });
  }
  void change(std::vector<Event> events, Done<std::vector<Changed>> done) override {
    call_later<std::vector<Changed>>(world_, true, std::move(done), [this, events = std::move(events)]() mutable {
      return inline_answer<std::vector<Changed>>(
          [&](auto answer) { rows_.change(std::move(events), std::move(answer)); });
    });
  }
  void counts(Done<TierCounts> done) override { rows_.counts(std::move(done)); }

  std::map<EventId, SteadyPoint> begun_at;

 private:
  World& world_;
  testing::MemoryEvents& rows_;
};

/// Only what the engine calls goes through the faults; the rest is for the checker.
class SimSchedules final : public ScheduleStore, public DeadLetterStore {
 public:
  SimSchedules(World& world, testing::MemorySchedules& rows) : world_(world), rows_(rows) {}

  void create(Schedule schedule, Done<Schedule> done) override {
    call_later<Schedule>(world_, true, std::move(done), [this, schedule = std::move(schedule)]() mutable {
      return inline_answer<Schedule>([&](auto answer) { rows_.create(std::move(schedule), std::move(answer)); });
    });
  }
  void update(Schedule schedule, Done<Schedule> done) override {
    call_later<Schedule>(world_, true, std::move(done), [this, schedule = std::move(schedule)]() mutable {
      return inline_answer<Schedule>([&](auto answer) { rows_.update(std::move(schedule), std::move(answer)); });
    });
  }
  void get(std::string id, Done<std::optional<Schedule>> done) override {
    call_later<std::optional<Schedule>>(world_, true, std::move(done), [this, id = std::move(id)]() mutable {
      return inline_answer<std::optional<Schedule>>([&](auto answer) { rows_.get(std::move(id), std::move(answer)); });
    });
  }
  void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) override {
    rows_.find(std::move(filter), std::move(done));
  }
  void remove(std::string id, AuditNote /*audit*/, Done<bool> done) override {
    call_later<bool>(world_, true, std::move(done), [this, id = std::move(id)]() mutable {
      return inline_answer<bool>([&](auto answer) { rows_.remove(std::move(id), nullptr, std::move(answer)); });
    });
  }
  void due_to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) override {
    call_later<std::vector<Schedule>>(world_, true, std::move(done), [this, until, limit] {
      return inline_answer<std::vector<Schedule>>(
          [&](auto answer) { rows_.due_to_plan(until, limit, std::move(answer)); });
    });
  }
  void mark_planned(std::vector<Schedule> planned, Done<void> done) override {
    call_later<void>(world_, true, std::move(done), [this, planned = std::move(planned)]() mutable {
      return inline_answer<void>([&](auto answer) { rows_.mark_planned(std::move(planned), std::move(answer)); });
    });
  }
  void revisions(std::vector<std::string> ids, Done<std::vector<ScheduleRevision>> done) override {
    using Found = std::vector<ScheduleRevision>;
    call_later<Found>(world_, true, std::move(done), [this, ids = std::move(ids)]() mutable {
      return inline_answer<Found>([&](auto answer) { rows_.revisions(std::move(ids), std::move(answer)); });
    });
  }
  void bury(std::vector<DeadLetter> letters, Done<void> done) override {
    call_later<void>(world_, true, std::move(done), [this, letters = std::move(letters)]() mutable {
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
  World& world_;
  testing::MemorySchedules& rows_;
};

}  // namespace schedules::sim
