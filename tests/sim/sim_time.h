// The simulator's time: things that will happen, in order; the clock jumps from one to the next.
#pragma once

#include <functional>
#include <map>

#include "base/executor.h"
#include "base/random.h"
#include "tests/support/manual_clock.h"

namespace schedules::sim {

using testing::ManualClock;

class SimTime {
 public:
  SimTime(ManualClock& clock, Random& random) : clock_(clock), random_(random) {}

  void after(Duration delay, Task task) { queue_.emplace(clock_.steady() + delay, std::move(task)); }
  /// After 0…longest, mostly soon.
  void soon(Duration longest, Task task) {
    const auto bound = static_cast<uint64_t>(longest.count()) + 1;
    after(Duration{static_cast<int64_t>(random_.below(random_.below(bound) + 1))}, std::move(task));
  }
  [[nodiscard]] SteadyPoint next() const { return queue_.empty() ? SteadyPoint::max() : queue_.begin()->first; }
  void run_due() {
    while (!queue_.empty() && queue_.begin()->first <= clock_.steady()) {
      auto node = queue_.extract(queue_.begin());
      node.mapped()();
    }
  }

 private:
  ManualClock& clock_;
  Random& random_;
  std::multimap<SteadyPoint, Task> queue_;
};

/// How badly the parts behave right now.
struct Faults {
  double fail_before = 0;  ///< of store calls: refused, nothing done
  double fail_after = 0;   ///< done, but the answer says otherwise
  double sink_fails = 0;
  Duration slowest = std::chrono::milliseconds(20);
};

/// One run of the process: what was asked before a crash is never answered after it.
struct World {
  ManualClock& clock;
  Random& random;
  SimTime& time;
  Faults faults;
  uint64_t life = 0;

  bool chance(double probability) { return static_cast<double>(random.below(1'000'000)) < probability * 1'000'000; }
};

/// Runs `apply` a little later and answers a little after that, with the faults of the moment.
template <class T, class Apply>
void call_later(World& world, bool may_lie, Done<T> done, Apply apply) {
  world.time.soon(world.faults.slowest, [&world, may_lie, life = world.life, done = std::move(done),
                                         apply = std::move(apply)]() mutable {
    if (world.life != life) return;
    const bool refused = world.chance(world.faults.fail_before);
    const bool lie = may_lie && world.chance(world.faults.fail_after);
    Result<T> result = fail(Code::unavailable, "simulated fault");
    if (!refused) {
      auto applied = apply();
      if (!lie) result = std::move(applied);
    }
    world.time.soon(world.faults.slowest, [&world, life, done = std::move(done), result = std::move(result)]() mutable {
      if (world.life == life) done(std::move(result));
    });
  });
}

}  // namespace schedules::sim
