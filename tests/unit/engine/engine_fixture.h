// An engine on in-memory stores, a manual clock and a sink that does as told: everything inline, nothing waits.
#pragma once

#include <gtest/gtest.h>

#include <deque>

#include "cluster/solo.h"
#include "engine/engine.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_events.h"
#include "tests/support/memory_schedules.h"

namespace schedules::testing {

/// Keeps what was published; each publish is answered from `script`, else delivered; or held back with `hold`.
class ScriptedSink final : public Sink {
 public:
  explicit ScriptedSink(size_t batch = 100) : batch_(batch) {}
  [[nodiscard]] std::string_view name() const override { return "scripted"; }
  [[nodiscard]] size_t batch_limit() const override { return batch_; }
  [[nodiscard]] std::string lane_of(const Event& event) const override { return event.target.url; }
  void publish(std::vector<Delivery> deliveries, Published done) override {
    Reports reports;
    for (auto& delivery : deliveries) {
      delivered.push_back(std::move(delivery));
      reports.push_back(script.empty() ? DeliveryReport{} : script.front());
      if (!script.empty()) script.pop_front();
    }
    if (hold) {
      held.emplace_back(std::move(done), std::move(reports));
    } else {
      done(std::move(reports));
    }
  }
  void let_go() {
    for (auto& [done, reports] : std::exchange(held, {})) done(std::move(reports));
  }

  std::vector<Delivery> delivered;
  std::deque<DeliveryReport> script;
  bool hold = false;
  std::vector<std::pair<Published, Reports>> held;

 private:
  size_t batch_;
};

class OneSink final : public SinkDirectory {
 public:
  explicit OneSink(Sink& sink) : sink_(sink) {}
  Sink* sink_for(const Event&) override { return &sink_; }

 private:
  Sink& sink_;
};

class KeptLog final : public ExecutionLog {
 public:
  void record(std::vector<Execution> executions) override {
    for (auto& one : executions) kept.push_back(std::move(one));
  }
  bool has_room() override { return room; }
  std::vector<Execution> kept;
  bool room = true;
};

class EngineFixture : public ::testing::Test {
 protected:
  explicit EngineFixture(size_t batch = 100) : sink(batch) { restart(); }

  /// A new engine on the same stores, as after a kill.
  void restart() {
    engine.reset();
    events.process_crash();
    engine = std::make_unique<Engine>(EnginePorts{.clock = clock,
                                                  .random = *random,
                                                  .near = events,
                                                  .near_catalog = events,
                                                  .far = events,
                                                  .far_catalog = events,
                                                  .near_tier = events,
                                                  .far_tier = events,
                                                  .schedules = schedules,
                                                  .dead_letters = schedules,
                                                  .sinks = sinks,
                                                  .log = log,
                                                  .probe = probe,
                                                  .coordinator = coordinator,
                                                  .runs = &schedules,
                                                  .tracer = tracer},
                                      options);
    engine->tick();
  }

  Event event(std::string topic, Duration in) const {
    Event made;
    made.topic = std::move(topic);
    made.entity_type = "order";
    made.action = "remind";
    made.due_at = clock.wall() + in;
    return made;
  }

  Accepted accept(Event one) {
    std::optional<Accepted> answer;
    std::vector<Event> list;
    list.push_back(std::move(one));
    engine->events().accept(std::move(list), {}, [&](Result<std::vector<Accepted>> accepted) {
      answer = std::move(accepted.value().front());
    });
    engine->tick();
    return answer.value();
  }

  /// Moves the clock and lets the engine work at every wake in between, as the loop does.
  void run_for(Duration by) {
    const TimePoint until = clock.wall() + by;
    while (true) {
      const TimePoint wake = engine->tick();
      if (wake > until) break;
      clock.advance(std::max(wake - clock.wall(), Duration(0)));
    }
    clock.advance(until - clock.wall());
    engine->tick();
  }

  [[nodiscard]] std::vector<std::string> topics() const {
    std::vector<std::string> out;
    for (const auto& delivery : sink.delivered) out.push_back(delivery.event.topic);
    return out;
  }

  State state_of(const EventId& id) const {
    const auto* stored = events.look(id);
    EXPECT_NE(stored, nullptr);
    return stored->state;
  }

  ManualClock clock;
  std::unique_ptr<Random> random = seeded_random(1);
  MemoryEvents events{clock};
  MemorySchedules schedules;
  ScriptedSink sink;
  OneSink sinks{sink};
  KeptLog log;
  EngineProbe probe;
  SoloCoordinator coordinator{"node", 1, clock};
  EngineOptions options;
  Tracer* tracer = nullptr;
  std::unique_ptr<Engine> engine;
};

}  // namespace schedules::testing
