#include "tests/sim/simulation.h"

#include <cstdio>

#include "cluster/solo.h"
#include "time/text.h"

namespace schedules::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SimSink final : public Sink, public SinkDirectory {
 public:
  SimSink(World& world, Ledger& ledger, SimEvents& events, SimReport& report)
      : world_(world), ledger_(ledger), events_(events), report_(report) {}
  [[nodiscard]] std::string_view name() const override { return "sim"; }
  [[nodiscard]] size_t batch_limit() const override { return 8; }
  [[nodiscard]] std::string lane_of(const Event& event) const override { return event.target.url; }
  Sink* sink_for(const Event&) override { return this; }

  void publish(std::vector<Delivery> deliveries, Published done) override {
    Reports reports;
    for (const auto& delivery : deliveries) {
      const auto& event = delivery.event;
      ledger_.published(event, world_.clock.wall(), world_.clock.steady(), events_.begun_at[event.id], world_.life);
      const bool fails = world_.chance(world_.faults.sink_fails);
      ledger_.reported(event.id, !fails);
      reports.push_back(fails ? DeliveryReport{.verdict = Verdict::retry, .error = "simulated"} : DeliveryReport{});
      ++report_.published;
      report_.hash = stable_hash(event.id.view(), report_.hash ^ static_cast<uint64_t>(to_micros(delivery.fired_at)));
    }
    world_.time.soon(world_.faults.slowest, [&world = world_, life = world_.life, done = std::move(done),
                                             reports = std::move(reports)]() mutable {
      if (world.life == life) done(std::move(reports));
    });
  }

 private:
  World& world_;
  Ledger& ledger_;
  SimEvents& events_;
  SimReport& report_;
};

class NoLog final : public ExecutionLog {
 public:
  void record(std::vector<Execution>) override {}
  bool has_room() override { return true; }
};

class Simulation {
 public:
  explicit Simulation(const SimOptions& options) : options_(options) {}

  SimReport run() {
    restart();
    const SteadyPoint end = clock_.steady() + options_.length;
    user_acts();
    weather();
    live_until(end);
    // Everything calms down; what was acknowledged must come to its end.
    calm_ = true;
    schedule_rows_.schedules.clear();
    world_.faults = Faults{};
    live_until(end + seconds(300));
    ledger_.check_ends(rows_, schedule_rows_);
    report_.breaches = ledger_.breaches;
    return report_;
  }

 private:
  void restart() {
    engine_.reset();
    ++world_.life;
    sim_events_.begun_at.clear();
    EngineOptions options;
    options.window = seconds(2);
    options.window_limit = 8 + random_->below(60);
    options.begin_batch = 1 + random_->below(16);
    options.in_flight_limit = 4 + random_->below(40);
    options.max_concurrent = static_cast<uint32_t>(1 + random_->below(3));
    options.immediate_horizon = seconds(20);
    options.transfer_horizon = seconds(30);
    options.transfer_interval = seconds(5);
    options.plan_interval = seconds(10);
    engine_ = std::make_unique<Engine>(EnginePorts{.clock = clock_,
                                                   .random = *random_,
                                                   .near = sim_events_,
                                                   .near_catalog = sim_events_,
                                                   .far = sim_events_,
                                                   .far_catalog = sim_events_,
                                                   .near_tier = sim_events_,
                                                   .far_tier = sim_events_,
                                                   .schedules = sim_schedules_,
                                                   .dead_letters = sim_schedules_,
                                                   .sinks = sink_,
                                                   .log = log_,
                                                   .probe = probe_,
                                                   .coordinator = coordinator_},
                                       options);
    wake_ = engine_->tick();
  }

  void live_until(SteadyPoint end) {
    while (clock_.steady() < end && ledger_.breaches.empty()) {
      const Duration to_wake = wake_ == TimePoint::max() ? Duration::max() : wake_ - clock_.wall();
      const Duration to_next = time_.next() == SteadyPoint::max() ? Duration::max() : time_.next() - clock_.steady();
      const Duration step = std::clamp(std::min(to_wake, to_next), Duration(0), end - clock_.steady());
      clock_.advance(step);
      time_.run_due();
      wake_ = engine_->tick();
      notice_spinning(step);
    }
  }

  // An engine that asks to be woken now, again and again, without anything happening would never sleep.
  void notice_spinning(Duration step) {
    idle_turns_ = step.count() == 0 ? idle_turns_ + 1 : 0;
    if (idle_turns_ > 100'000) ledger_.breach("the engine spins");
  }

  void say(const std::string& what) {
    if (options_.trace) std::fprintf(stderr, "%s %s\n", format_time(clock_.wall()).c_str(), what.c_str());
  }

  void user_acts() {
    if (calm_) return;
    const auto dice = random_->below(100);
    if (dice < 60) {
      accept_event();
    } else if (dice < 72) {
      cancel_event();
    } else if (dice < 77) {
      claim_event();
    } else if (dice < 84) {
      move_event();
    } else if (dice < 90) {
      create_schedule();
    } else {
      edit_schedule();
    }
    time_.after(Duration{static_cast<int64_t>(random_->below(700'000))}, [this] { user_acts(); });
  }

  // Faults come and go; now and then something dies or somebody sets the clock.
  void weather() {
    if (calm_) return;
    const auto dice = random_->below(100);
    if (dice < 40) {
      world_.faults = Faults{};
    } else if (dice < 70) {
      world_.faults = Faults{.fail_before = 0.2, .fail_after = 0.1, .sink_fails = 0.2, .slowest = milliseconds(200)};
    } else if (dice < 78) {
      world_.faults = Faults{.fail_before = 0.9, .fail_after = 0.1, .sink_fails = 0.5, .slowest = milliseconds(50)};
    } else if (dice < 92) {
      crash(dice < 86);
    } else {
      const Duration by{static_cast<int64_t>(random_->below(16'000'000)) - 8'000'000};
      say(fmt::format("clock stepped by {} us", by.count()));
      clock_.step(by);
      engine_->look_again();
    }
    time_.after(Duration{static_cast<int64_t>(random_->below(4'000'000))}, [this] { weather(); });
  }

  void crash(bool machine) {
    say(machine ? "the machine dies" : "the process dies");
    ++report_.crashes;
    if (machine) {
      rows_.machine_crash();
    } else {
      rows_.process_crash();
    }
    clock_.advance(Duration{static_cast<int64_t>(random_->below(3'000'000))});
    restart();
  }

  void accept_event() {
    Event event;
    event.topic = fmt::format("topic{}", random_->below(3));
    event.entity_type = "thing";
    event.action = "happen";
    event.key = random_->below(3) == 0 ? "key" : "";
    event.target.url = fmt::format("lane{}", random_->below(2));
    event.priority = static_cast<int8_t>(static_cast<int>(random_->below(5)) - 2);
    event.max_retries = static_cast<uint32_t>(random_->below(6));
    event.retry_delay = milliseconds(100 + random_->below(3'000));
    const Duration in{static_cast<int64_t>(random_->below(random_->below(4) == 0 ? 60'000'000 : 6'000'000)) -
                      1'000'000};
    event.due_at = clock_.wall() + in;
    event.id = random_id(*random_);
    if (random_->below(6) == 0 && !sent_.empty()) event = sent_[random_->below(sent_.size())];  // a repeat
    sent_.push_back(event);
    const auto id = event.id;
    const auto due = event.due_at;
    engine_->events().accept({std::move(event)}, {}, [this, id, due](Result<std::vector<Accepted>> accepted) {
      if (!accepted || accepted->front().error) return;
      if (accepted->front().result == PutResult::created) {
        ++report_.accepted;
        say(fmt::format("accepted {} due {}", id.text(), format_time(due)));
      }
      ledger_.accepted(id,
                       accepted->front().result == PutResult::created ? due : accepted->front().stored.event.due_at);
    });
  }

  [[nodiscard]] std::optional<EventId> some_event() {
    if (ledger_.events.empty()) return std::nullopt;
    auto it = ledger_.events.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_->below(ledger_.events.size())));
    return it->first;
  }

  void cancel_event() {
    const auto id = some_event();
    if (!id) return;
    const milliseconds wait(random_->below(3) == 0 ? 500 : 0);
    engine_->events().cancel(*id, {}, wait, [this, id = *id](Result<ChangeAnswer> answer) {
      if (!answer || answer->result != ChangeResult::done) return;
      say(fmt::format("cancelled {}", id.text()));
      ledger_.cancelled(id, clock_.steady());
    });
  }

  // A worker takes an event, and answers in time, too late or never.
  void claim_event() {
    if (sent_.empty()) return;
    const std::optional<EventId> id = sent_[sent_.size() - 1 - random_->below(std::min<size_t>(sent_.size(), 4))].id;
    const seconds lease(1 + random_->below(4));
    engine_->claims().claim(*id, "worker", lease, [this, id = *id, lease](const Result<Claim>& claim) {
      if (!claim) return;
      ++report_.claimed;
      say(fmt::format("claimed {}", id.text()));
      // Leases run on the engine's clock from when it took the event; that was just now or before.
      ledger_.claimed(id, clock_.steady() + lease, world_.life);
      if (random_->below(4) == 0) return;
      const bool success = random_->below(3) != 0;
      time_.after(Duration{static_cast<int64_t>(random_->below(5'000'000))}, [this, id, success] {
        ledger_.claim_ends(id, success);
        engine_->claims().complete(id, {.success = success, .error = "simulated"},
                                   [this, id](const Result<State>& end) {
                                     if (end) say(fmt::format("worker ended {}: {}", id.text(), to_string(*end)));
                                   });
      });
    });
  }

  void move_event() {
    const auto id = some_event();
    if (!id || ledger_.events[*id].change_under_way) return;
    ledger_.events[*id].change_under_way = true;
    const TimePoint due = clock_.wall() + Duration{static_cast<int64_t>(random_->below(15'000'000))};
    const Edit edit = [due](Event& event) -> Status {
      if (!event.schedule_id.empty()) return fail(Code::conflict, "an occurrence");
      event.due_at = due;
      return {};
    };
    engine_->events().change(*id, {}, edit, [this, id = *id, due](const Result<ChangeAnswer>& answer) {
      if (!answer && answer.error().code == Code::unavailable) return;  // perhaps it was done: stays open
      ledger_.events[id].change_under_way = false;
      if (!answer || answer->result != ChangeResult::done) return;
      say(fmt::format("moved {} to {}", id.text(), format_time(due)));
      ledger_.events[id].due_at = due;
    });
  }

  void create_schedule() {
    Schedule schedule;
    schedule.name = fmt::format("schedule {}", ++names_);
    schedule.event_type = "report";
    schedule.event_action = "make";
    schedule.every = seconds(1 + random_->below(10));
    engine_->schedules().create(std::move(schedule), [this](const Result<Schedule>& created) {
      if (!created) return;
      say(fmt::format("schedule {}", created->id));
      ledger_.schedules[created->id].revision = created->revision;
      schedule_ids_.push_back(created->id);
    });
  }

  void edit_schedule() {
    if (schedule_ids_.empty()) return;
    const auto id = schedule_ids_[random_->below(schedule_ids_.size())];
    auto& known = ledger_.schedules[id];
    if (known.edit_under_way) return;
    known.edit_under_way = true;
    known.ever_edited = true;
    const auto dice = random_->below(4);
    if (dice == 0) {
      engine_->schedules().remove(id, [this, id](const Result<bool>& removed) {
        if (!removed) return;
        auto& schedule = ledger_.schedules[id];
        schedule.edit_under_way = false;
        schedule.stopped = true;
        schedule.revision_acked_at = clock_.steady();
      });
      return;
    }
    const auto status = dice == 1 ? ScheduleStatus::paused : ScheduleStatus::active;
    const bool new_action = dice == 3;
    const ScheduleEdit edit = [status, new_action, n = ++names_](Schedule& schedule) -> Status {
      if (new_action) {
        schedule.event_action = fmt::format("make{}", n);
      } else {
        schedule.status = status;
      }
      return {};
    };
    engine_->schedules().edit(id, {}, edit, [this, id](const Result<Schedule>& edited) {
      if (!edited) {
        if (edited.error().code != Code::unavailable) ledger_.schedules[id].edit_under_way = false;
        return;
      }
      auto& schedule = ledger_.schedules[id];
      schedule.edit_under_way = false;
      schedule.revision = edited->revision;
      schedule.stopped = edited->status != ScheduleStatus::active;
      schedule.revision_acked_at = clock_.steady();
    });
  }

  SimOptions options_;
  ManualClock clock_;
  std::unique_ptr<Random> random_ = seeded_random(options_.seed * 7919 + 17);
  SimTime time_{clock_, *random_};
  World world_{clock_, *random_, time_, Faults{}};
  testing::MemoryEvents rows_{clock_, options_.broken};
  testing::MemorySchedules schedule_rows_;
  SimEvents sim_events_{world_, rows_};
  SimSchedules sim_schedules_{world_, schedule_rows_};
  SimReport report_;
  Ledger ledger_;
  SimSink sink_{world_, ledger_, sim_events_, report_};
  NoLog log_;
  EngineProbe probe_;
  SoloCoordinator coordinator_{"sim", 1, clock_};
  std::unique_ptr<Engine> engine_;
  TimePoint wake_;
  std::vector<Event> sent_;
  std::vector<std::string> schedule_ids_;
  uint64_t names_ = 0;
  uint64_t idle_turns_ = 0;
  bool calm_ = false;
};

}  // namespace

SimReport simulate(const SimOptions& options) { return Simulation(options).run(); }

}  // namespace schedules::sim
