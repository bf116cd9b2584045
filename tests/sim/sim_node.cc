#include "tests/sim/sim_node.h"

#include "cluster/solo.h"

namespace schedules::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

}  // namespace

// So much earlier than due, by true time, as clocks within their declared skew allow: both clocks would have to be
// ahead.
PublishSeen SimSink::look(const Event& event) const {
  const auto& truth = shared_.world.truth;
  Duration skew = std::max(node_.clock.off, Duration{0});
  if (!shared_.alone) {
    Duration store = shared_.store_clock.off;
    if (truth.steady() - shared_.store_stepped_at < seconds(5)) store = std::max(store, shared_.store_was_off);
    skew = std::min(skew, std::max(store, Duration{0}) + kClockSkew);
  }
  PublishSeen seen{.truly = truth.wall(),
                   .by_node = node_.clock.wall(),
                   .skew = skew,
                   .now = truth.steady(),
                   .begun_at = node_.events.begun_at[event.id],
                   .life = node_.link.life,
                   .epoch_now = std::nullopt,
                   .two_may_own = shared_.leases_broke_at && truth.steady() - *shared_.leases_broke_at < kLease};
  if (!shared_.alone && shared_.leases_are_true) seen.epoch_now = shared_.leases.epoch(shared_.rows.shard_of(event.id));
  return seen;
}

void SimSink::publish(std::vector<Delivery> deliveries, Published done) {
  auto& world = shared_.world;
  Reports reports;
  for (const auto& delivery : deliveries) {
    const auto& event = delivery.event;
    world.say(fmt::format("{} publishes {} (epoch {})", node_.link.name, event.id.text(), event.begun_epoch));
    shared_.ledger.published(event, look(event));
    const bool fails = world.chance(world.faults.sink_fails);
    if (fails) world.count("publishes_failed");
    shared_.ledger.reported(event.id, !fails);
    reports.push_back(fails ? DeliveryReport{.verdict = Verdict::retry, .error = "simulated"} : DeliveryReport{});
    ++shared_.published;
    shared_.hash = stable_hash(event.id.view(), shared_.hash ^ static_cast<uint64_t>(to_micros(delivery.fired_at)));
  }
  auto& link = node_.link;
  Done<Reports> answer = [done = std::move(done)](Result<Reports> told) mutable { done(std::move(*told)); };
  world.soon(world.faults.slowest,
             [&world, &link, life = link.life, answer = std::move(answer), reports = std::move(reports)]() mutable {
               deliver<Reports>(world, link, life, std::move(answer), std::move(reports));
             });
}

SimNode::SimNode(Shared& shared, std::string name)
    : link{.name = std::move(name), .remote = !shared.alone},
      clock(shared.world.truth, seconds(shared.world.random->below(1'000'000))),
      events(shared.world, link, shared.rows, shared.ledger),
      far(shared.world, link, shared.far_rows, shared.ledger),
      schedules(shared.world, link, shared.schedules),
      shared_(shared) {}

EngineOptions SimNode::options() {
  auto& random = *shared_.world.random;
  EngineOptions options;
  options.node_id = link.name;
  options.window = seconds(2);
  options.window_limit = 8 + random.below(60);
  options.begin_batch = 1 + random.below(16);
  options.in_flight_limit = 4 + random.below(40);
  options.max_concurrent = static_cast<uint32_t>(1 + random.below(3));
  options.immediate_horizon = seconds(20);
  options.transfer_horizon = seconds(30);
  options.transfer_interval = seconds(5);
  options.plan_interval = seconds(10);
  if (!shared_.alone) options.look_interval = seconds(1);
  return options;
}

void SimNode::build_coordinator() {
  bounded_ = std::make_unique<BoundedClock>(clock, kClockSkew);
  if (shared_.alone) {
    coordinator_ = std::make_unique<SoloCoordinator>(link.name, 1, clock);
    return;
  }
  RoundsCalls calls;
  calls.shards = [this] { return shared_.rows.shards(); };
  calls.take_over = [this](TakenLease taken, Done<void> done) {
    events.recover(taken.shard, taken.epoch, taken.crashed, std::move(done));
  };
  calls.departed = [this](uint32_t shard, const std::vector<std::string>& alive, Done<void> done) {
    events.recover_claims(shard, alive, std::move(done));
  };
  if (shared_.bounded) {
    calls.store_time = [this](TimePoint now, SteadyPoint sent, SteadyPoint answered) {
      bounded_->store_said(now, sent, answered);
    };
  }
  rounds_ = std::make_shared<Rounds>(RoundsOptions{.node_id = link.name},
                                     std::make_unique<NodeLeases>(shared_.world, link, shared_.leases),
                                     std::move(calls), clock);
  coordinator_ = std::make_unique<SimCoordinator>(rounds_, [this, life = link.life] {
    if (link.life == life) rounds_at_ = SteadyPoint::min();
  });
}

void SimNode::start() {
  link.life = ++shared_.lives;
  link.paused_until = SteadyPoint{};
  stopping_ = false;
  resigning_ = false;
  if (shared_.alone) shared_.rows.process_crash();
  events.restart();
  build_coordinator();
  const bool two_stores = &shared_.far_rows != &shared_.rows;
  engine_ = std::make_unique<Engine>(EnginePorts{.clock = *bounded_,
                                                 .random = *shared_.world.random,
                                                 .near = events,
                                                 .near_catalog = events,
                                                 .far = two_stores ? far : events,
                                                 .far_catalog = two_stores ? far : events,
                                                 .near_tier = events,
                                                 .far_tier = two_stores ? far : events,
                                                 .schedules = schedules,
                                                 .dead_letters = schedules,
                                                 .sinks = sink_,
                                                 .log = log_,
                                                 .probe = probe_,
                                                 .coordinator = *coordinator_,
                                                 .guard = two_stores ? &events : nullptr},
                                     options());
  engine_->on_message([this] { engine_at_ = SteadyPoint::min(); });
  engine_at_ = SteadyPoint::min();
  if (!shared_.alone && shared_.claims_given_back) probe(link.life);
  rounds_at_ = shared_.alone ? SteadyPoint::max() : SteadyPoint::min();
}

void SimNode::probe(uint64_t life) {
  if (link.life != life) return;
  if (answers()) events.probe();
  shared_.world.after(seconds(1), [this, life] { probe(life); });
}

void SimNode::end_process() {
  link.life = 0;
  engine_.reset();
  coordinator_.reset();
  rounds_.reset();
  engine_at_ = SteadyPoint::max();
  rounds_at_ = SteadyPoint::max();
}

void SimNode::crash() {
  if (!up()) return;
  shared_.world.say(link.name + " dies");
  shared_.ledger.died(link.life);
  end_process();
}

void SimNode::restart(Duration down) {
  if (!answers()) return;
  shared_.world.say(link.name + " is told to stop");
  shared_.ledger.stops(link.life, shared_.world.truth.steady());
  stopping_ = true;
  down_ = down;
  stop_by_ = shared_.world.truth.steady() + seconds(5);
  engine_->drain();
  engine_at_ = SteadyPoint::min();
}

void SimNode::stop_some_more() {
  auto& world = shared_.world;
  if (resigning_ || (!engine_->drained() && world.truth.steady() < stop_by_)) return;
  resigning_ = true;
  // Told outside of the rounds, which end with the process.
  coordinator_->resign([this, life = link.life](const Result<void>&) {
    shared_.world.after(Duration{0}, [this, life] {
      if (link.life != life) return;
      if (!engine_->drained()) shared_.ledger.died(life);  // what it could not give back waits again at once
      shared_.world.say(link.name + " has stopped");
      end_process();
      shared_.world.after(down_, [this] {
        if (!up()) start();
      });
    });
  });
}

void SimNode::pause(Duration time) {
  if (!up()) return;
  shared_.world.say(fmt::format("{} is paused for {} ms", link.name, time.count() / 1000));
  link.paused_until = std::max(link.paused_until, shared_.world.truth.steady() + time);
}

void SimNode::set_clock(Duration off) {
  if (clock.off == off) return;
  shared_.world.say(fmt::format("{}'s clock is {} ms off", link.name, off.count() / 1000));
  clock.off = off;
  if (up()) engine_->clock_stepped();
}

void SimNode::told_of(uint32_t shard, TimePoint fire_at) {
  if (up()) engine_->arrived_elsewhere(shard, fire_at);
}

void SimNode::told_of_leases() {
  if (rounds_) rounds_->poke();
}

SteadyPoint SimNode::next() const {
  if (!up()) return SteadyPoint::max();
  auto next = std::min(engine_at_, rounds_at_);
  if (stopping_ && !resigning_) next = std::min(next, stop_by_);
  return std::max(next, link.paused_until);
}

void SimNode::advance() {
  auto& truth = shared_.world.truth;
  if (!up() || link.paused_until > truth.steady()) return;
  if (rounds_ && rounds_at_ <= truth.steady()) {
    rounds_at_ = SteadyPoint::max();
    const SteadyPoint next = clock.truly(rounds_->advance());
    rounds_at_ = std::min(rounds_at_, std::max(next, truth.steady()));
  }
  if (engine_at_ <= truth.steady()) {
    engine_at_ = SteadyPoint::max();
    const TimePoint wake = engine_->tick();
    const Duration rest =
        std::min<Duration>(wake == TimePoint::max() ? seconds(60) : wake - bounded_->wall(), seconds(60));
    engine_at_ = std::min(engine_at_, truth.steady() + std::max(rest, Duration{0}));
  }
  if (stopping_) stop_some_more();
}

}  // namespace schedules::sim
