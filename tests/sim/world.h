// The world of one simulated life: true time, in which things happen in order; clocks that show something else; and the
// network between a node and what it calls, which delays, reorders, loses and lies.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/executor.h"
#include "base/random.h"
#include "base/result.h"
#include "tests/support/manual_clock.h"

namespace schedules::sim {

using testing::ManualClock;

/// A clock of one machine: as far off the true one as somebody set it. Its steady time started at another moment.
class MachineClock final : public Clock {
 public:
  MachineClock(const ManualClock& truth, Duration up_for) : truth_(truth), up_for_(up_for) {}
  [[nodiscard]] TimePoint wall() const override { return truth_.wall() + off; }
  [[nodiscard]] SteadyPoint steady() const override { return truth_.steady() + up_for_; }
  /// The true time at which this clock shows that.
  [[nodiscard]] SteadyPoint truly(SteadyPoint here) const {
    return here == SteadyPoint::max() || here == SteadyPoint::min() ? here : here - up_for_;
  }
  Duration off{0};

 private:
  const ManualClock& truth_;
  const Duration up_for_;
};

/// How badly the parts behave right now.
struct Faults {
  double fail_before = 0;  ///< of calls: refused, nothing done
  double fail_after = 0;   ///< done, but the answer says otherwise
  double lost = 0;         ///< between machines: the request or its answer never arrives; the caller gives up
  double sink_fails = 0;
  Duration slowest = std::chrono::milliseconds(20);
};

struct World {
  World(uint64_t seed, bool tracing) : random(seeded_random(seed * 7919 + 17)), trace(tracing) {}

  ManualClock truth;
  std::unique_ptr<Random> random;
  Faults faults;
  std::map<std::string, uint64_t> counts;  ///< of faults, by kind
  bool trace;

  bool chance(double probability) { return static_cast<double>(random->below(1'000'000)) < probability * 1'000'000; }
  Duration up_to(Duration longest) {
    return Duration{static_cast<int64_t>(random->below(static_cast<uint64_t>(longest.count()) + 1))};
  }
  void count(const std::string& kind) { ++counts[kind]; }

  void at(SteadyPoint when, Task task) { queue_.emplace(when, std::move(task)); }
  void after(Duration delay, Task task) { at(truth.steady() + delay, std::move(task)); }
  /// After 0…longest, mostly soon.
  void soon(Duration longest, Task task) { after(up_to(up_to(longest)), std::move(task)); }
  [[nodiscard]] SteadyPoint next() const { return queue_.empty() ? SteadyPoint::max() : queue_.begin()->first; }
  void run_due() {
    while (!queue_.empty() && queue_.begin()->first <= truth.steady()) {
      auto node = queue_.extract(queue_.begin());
      node.mapped()();
    }
  }
  void say(const std::string& what);

 private:
  std::multimap<SteadyPoint, Task> queue_;
};

/// One machine's way to the others.
struct Link {
  std::string name;
  bool remote = true;          ///< what was sent arrives though the sender dies
  uint64_t life = 0;           ///< of the process; what an earlier one asked is never answered. 0: it is down
  SteadyPoint paused_until{};  ///< nothing is heard before
  bool cut = false;
};

/// What was sent before it was lost; `may_lie`: it may be done though the answer says otherwise.
enum class Answers : uint8_t { truly, may_lie };

template <class T>
void deliver(World& world, Link& link, uint64_t life, Done<T> done, Result<T> result) {
  if (link.life != life) return;
  if (link.paused_until > world.truth.steady()) {
    world.at(link.paused_until, [&world, &link, life, done = std::move(done), result = std::move(result)]() mutable {
      deliver<T>(world, link, life, std::move(done), std::move(result));
    });
    return;
  }
  done(std::move(result));
}

/// Nothing comes back. Half of the requests arrive all the same, some of them after their caller has given up.
template <class T, class Apply>
void call_into_the_void(World& world, Link& link, Done<T> done, Apply apply) {
  const Duration patience = std::chrono::milliseconds(500 + world.random->below(1'500));
  world.count("calls_lost");
  if (!link.cut && world.random->below(2) == 0) {
    world.after(world.up_to(2 * patience), [apply = std::move(apply)]() mutable { static_cast<void>(apply()); });
  }
  world.after(patience, [&world, &link, life = link.life, done = std::move(done)]() mutable {
    deliver<T>(world, link, life, std::move(done), fail(Code::unavailable, "no answer"));
  });
}

/// Runs `apply` a little later and answers a little after that, with the faults of the moment.
template <class T, class Apply>
void call(World& world, Link& link, Answers answers, Done<T> done, Apply apply) {
  if (link.remote && (link.cut || world.chance(world.faults.lost))) {
    return call_into_the_void<T>(world, link, std::move(done), std::move(apply));
  }
  world.soon(world.faults.slowest,
             [&world, &link, life = link.life, answers, done = std::move(done), apply = std::move(apply)]() mutable {
               if (link.life != life && !link.remote) return;
               Result<T> result = fail(Code::unavailable, "simulated fault");
               if (world.chance(world.faults.fail_before)) {
                 world.count("calls_refused");
               } else {
                 auto applied = apply();
                 if (answers == Answers::may_lie && world.chance(world.faults.fail_after)) {
                   world.count("answers_wrong");
                 } else {
                   result = std::move(applied);
                 }
               }
               world.soon(world.faults.slowest,
                          [&world, &link, life, done = std::move(done), result = std::move(result)]() mutable {
                            deliver<T>(world, link, life, std::move(done), std::move(result));
                          });
             });
}

}  // namespace schedules::sim
