// All that the engine needs from outside, as references to interfaces; wiring.cc and the simulator fill it in.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "cluster/breaker_board.h"
#include "cluster/coordinator.h"
#include "engine/tracer.h"
#include "model/schedule.h"
#include "sink/sink.h"
#include "store/event_catalog.h"
#include "store/far_guard.h"
#include "store/far_store.h"
#include "store/near_store.h"
#include "store/run_book.h"
#include "store/schedule_store.h"
#include "time/clock.h"

namespace schedules {

/// Finds the sink of an event by its target. Thread-safe; nullptr: no such sink is configured.
class SinkDirectory {
 public:
  virtual ~SinkDirectory() = default;
  virtual Sink* sink_for(const Event& event) = 0;
  /// Whether an event may name this target; asked at the door. Errors: egress_forbidden, invalid_argument, with field.
  virtual Status check_target(const Target& /*target*/) const { return {}; }
};

/// Takes the record of what happened; never blocks. Thread-safe.
class ExecutionLog {
 public:
  virtual ~ExecutionLog() = default;
  virtual void record(std::vector<Execution> executions) = 0;
  /// False: so much is waiting to be written that the engine should begin nothing new for a while.
  virtual bool has_room() = 0;
};

/// What metrics are made of. Thread-safe, cheap; the defaults ignore everything.
class EngineProbe {
 public:
  virtual ~EngineProbe() = default;
  virtual void accepted(size_t /*events*/, Duration /*took*/) {}
  virtual void refused(Code /*code*/, size_t /*events*/) {}
  virtual void published(std::string_view /*sink*/, Verdict /*verdict*/, Duration /*lateness*/, Duration /*took*/) {}
  virtual void ended(State /*state*/, std::string_view /*reason*/) {}
  virtual void queues(size_t /*wheel*/, size_t /*ready*/, size_t /*in_flight*/) {}
  virtual void breaker(std::string_view /*lane*/, bool /*open*/) {}
  virtual void transferred(size_t /*events*/, Duration /*took*/) {}
  virtual void clock_stepped() {}
  virtual void planned(size_t /*occurrences*/) {}
};

struct EnginePorts {
  Clock& clock;
  Random& random;
  NearStore& near;
  EventCatalog& near_catalog;
  FarStore& far;
  EventCatalog& far_catalog;  ///< may be the same object as near_catalog
  EventCatalog& near_tier;    ///< for counts: of its own tier only
  EventCatalog& far_tier;
  ScheduleStore& schedules;
  DeadLetterStore& dead_letters;
  SinkDirectory& sinks;
  ExecutionLog& log;
  EngineProbe& probe;
  Coordinator& coordinator;
  RunBook* runs = nullptr;           ///< null: every schedule allows overlaps
  FarGuard* guard = nullptr;         ///< of the near store; where one store holds both tiers, none is needed
  Tracer* tracer = nullptr;          ///< null: nothing is traced
  BreakerBoard* breakers = nullptr;  ///< null: there are no other nodes
};

struct EngineOptions {
  std::string node_id = "node";
  Duration window = std::chrono::seconds(5);  ///< how far ahead the wheel reads
  size_t window_limit = 50'000;               ///< entries in wheel and ready queue, about
  Duration look_interval{0};       ///< how often shards are read though nothing says so; 0: never. Other nodes put too.
  size_t begin_batch = 1'024;      ///< events in one begin, at most
  size_t in_flight_limit = 8'192;  ///< begun and not settled
  size_t in_flight_bytes = 64ULL * 1024 * 1024;  ///< of their bodies, about
  uint32_t max_concurrent = 10;                  ///< MAX_CONCURRENT_EXECUTIONS: publishes running, per lane
  uint32_t target_rate = 0;                      ///< events a second into one lane; 0: no limit
  Duration immediate_horizon = std::chrono::hours(24);
  Duration transfer_horizon = std::chrono::hours(48);
  Duration transfer_interval = std::chrono::minutes(5);
  bool far_is_shared = true;  ///< by all nodes, so that only the leader transfers; else each node its own
  Duration plan_interval = std::chrono::seconds(60);  ///< CHECK_INTERVAL_SECONDS
  bool cron_seconds_last = false;
  std::string default_topic = "stufio.events";
  CorrelationMode correlation = CorrelationMode::uuid;
  Duration retry_cap = std::chrono::hours(1);  ///< longest backoff
};

}  // namespace schedules
