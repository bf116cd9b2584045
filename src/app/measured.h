// The two stores of events as the engine asks them, with how long each call took and whether it failed.
#pragma once

#include "store/far_store.h"
#include "telemetry/metrics.h"
#include "time/clock.h"

namespace schedules {

/// Measures one call: wraps its completion.
class StoreMeter {
 public:
  StoreMeter(Metrics& metrics, const Clock& clock, std::string_view store)
      : metrics_(metrics), clock_(clock), store_(store) {}

  template <class T>
  Done<T> measure(std::string_view call, Done<T> done) {
    return [this, call, since = clock_.steady(), done = std::move(done)](Result<T> result) mutable {
      metrics_.observe_store(store_, call, clock_.steady() - since, result.has_value());
      done(std::move(result));
    };
  }

 private:
  Metrics& metrics_;
  const Clock& clock_;
  std::string_view store_;
};

class MeasuredNear final : public NearStore {
 public:
  MeasuredNear(NearStore& store, Metrics& metrics, const Clock& clock)
      : store_(store), meter_(metrics, clock, "near") {}

  [[nodiscard]] uint32_t shards() const override { return store_.shards(); }
  [[nodiscard]] uint32_t shard_of(const EventId& id) const override { return store_.shard_of(id); }
  void put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) override {
    store_.put(std::move(events), mode, meter_.measure("put", std::move(done)));
  }
  void window(WindowRequest request, Done<WindowPage> done) override {
    store_.window(request, meter_.measure("window", std::move(done)));
  }
  void begin(BeginRequest request, Done<std::vector<Event>> done) override {
    store_.begin(std::move(request), meter_.measure("begin", std::move(done)));
  }
  void settle(std::vector<Settlement> settlements, Done<void> done) override {
    store_.settle(std::move(settlements), meter_.measure("settle", std::move(done)));
  }

 private:
  NearStore& store_;
  StoreMeter meter_;
};

class MeasuredFar final : public FarStore {
 public:
  MeasuredFar(FarStore& store, Metrics& metrics, const Clock& clock) : store_(store), meter_(metrics, clock, "far") {}

  void put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) override {
    store_.put(std::move(events), meter_.measure("put", std::move(done)));
  }
  void due_before(TimePoint until, size_t limit, Done<FarPage> done) override {
    store_.due_before(until, limit, meter_.measure("due_before", std::move(done)));
  }
  void mark_transferred(std::vector<FarRevision> moved, Done<void> done) override {
    store_.mark_transferred(std::move(moved), meter_.measure("mark_transferred", std::move(done)));
  }

 private:
  FarStore& store_;
  StoreMeter meter_;
};

}  // namespace schedules
