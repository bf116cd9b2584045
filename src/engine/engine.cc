#include "engine/engine.h"

#include "base/log.h"
#include "engine/transfer_some.h"

namespace schedules {
namespace {

// A steady deadline on the wall clock's scale, for the answer of tick.
TimePoint on_wall(SteadyPoint deadline, const Clock& clock) {
  if (deadline == SteadyPoint::max()) return TimePoint::max();
  return clock.wall() + (deadline - clock.steady());
}

void log_settled(const Ending& ending) {
  const auto& [begun, event, outcome, executions] = ending;
  log::debug("event.settled", {{"event_id", event.id.text()},
                               {"trace_id", trace_of(event).text()},
                               {"state", std::string(to_string(outcome.state))},
                               {"reason", outcome.reason},
                               {"attempt", std::to_string(event.attempt)}});
}

}  // namespace

Engine::Engine(EnginePorts ports, EngineOptions options)
    : ports_(ports),
      options_(std::move(options)),
      mailbox_(std::make_shared<Mailbox>()),
      intake_(ports_, options_, waiters_, [this](std::vector<WindowEntry> entries) { arrived(std::move(entries)); }),
      window_(ports_, options_, mailbox_),
      settle_(
          ports_, mailbox_, [this](const Ending& ending) { settled(ending); },
          [this](const Ending& ending) { lost(ending); }),
      dispatch_(ports_, options_, mailbox_, window_, settle_),
      claims_(ports_, options_, mailbox_, settle_),
      planner_(ports_, options_, mailbox_, intake_),
      transfer_(ports_, options_, mailbox_, window_),
      desk_(ports_, options_, intake_, [this] { mailbox_->post([this] { planner_.wake(); }); }) {
  ports_.coordinator.start([this, mailbox = mailbox_](std::vector<ShardLease> leases) {
    mailbox->post([this, leases = std::move(leases)] { window_.own(leases); });
  });
  if (ports_.breakers == nullptr) return;
  ports_.breakers->start([this, mailbox = mailbox_](BreakerNews news) {
    mailbox->post([this, news = std::move(news)] { dispatch_.heard(news); });
  });
}

Engine::~Engine() { mailbox_->close(); }

TimePoint Engine::tick() {
  TimePoint next = TimePoint::max();
  // Stores that answer inline post while we work: go round until nothing is left to do now.
  do {
    for (auto& message : mailbox_->drain()) message();
    const TimePoint now = ports_.clock.wall();
    next = TimePoint::max();
    if (!draining_) {
      next = std::min(next, planner_.advance(now));
      next = std::min(next, transfer_.advance(now));
      next = std::min(next, window_.advance(now));
    }
    dispatch_.pump(now);
    next = std::min(next, on_wall(claims_.advance(ports_.clock.steady()), ports_.clock));
    next = std::min(next, on_wall(settle_.flush(ports_.clock.steady()), ports_.clock));
    next = std::min(next, on_wall(waiters_.expire(ports_.clock.steady()), ports_.clock));
  } while (!mailbox_->empty());
  return next;
}

void Engine::arrived(std::vector<WindowEntry> entries) {
  mailbox_->post([this, entries = std::move(entries)] { window_.arrive(entries); });
}

void Engine::settled(const Ending& ending) {
  if (log::enabled(log::Level::debug)) log_settled(ending);
  if (!claims_.settled(ending)) dispatch_.settled(ending);
  if (ending.outcome.state == State::pending) {
    window_.arrive({WindowEntry{ending.event.id, ending.event.fire_at, 0, ending.event.priority,
                                ports_.near.shard_of(ending.event.id)}});
  } else {
    ports_.probe.ended(ending.outcome.state, ending.outcome.reason);
  }
  const bool tried = !ending.executions.empty();
  if (tried && !waiters_.empty()) {
    waiters_.tell(StoredEvent{
        .event = ending.event, .state = ending.outcome.state, .tier = Tier::near, .outcome = ending.outcome});
  }
}

void Engine::lost(const Ending& ending) {
  if (!claims_.lost(ending)) dispatch_.lost(ending);
}

void Engine::arrived_elsewhere(uint32_t shard, TimePoint fire_at) {
  mailbox_->post([this, shard, fire_at] { window_.arrive_elsewhere(shard, fire_at); });
}

void Engine::redrive(DeadLetter letter, Edit edit, Done<Accepted> done) {
  Event event = std::move(letter.event);
  const TimePoint now = ports_.clock.wall();
  event.attempt = 0;
  event.attempts.clear();
  event.max_delay.reset();  // it is late by nature
  event.due_at = std::max(event.due_at, now);
  if (edit) {
    if (auto edited = edit(event); !edited) return done(fail(edited.error()));
  }
  event.fire_at = event.due_at;
  event.source = "redrive";
  intake_.accept_redriven(std::move(event), [this, done = std::move(done)](Result<Accepted> accepted) mutable {
    if (!accepted || accepted->error) return done(std::move(accepted));
    const EventId id = accepted->stored.event.id;
    ports_.dead_letters.drop_letters(
        {id}, [accepted = std::move(*accepted), done = std::move(done)](Result<uint64_t> dropped) mutable {
          if (!dropped) return done(fail(dropped.error()));
          done(std::move(accepted));
        });
  });
}

void Engine::transfer_now(Done<uint64_t> done) {
  mailbox_->post([this, done = std::move(done)]() mutable { transfer_.run(std::move(done)); });
}

void Engine::transfer_now(std::vector<EventId> ids, Done<std::vector<bool>> done) {
  transfer_some(
      ports_, std::move(ids), [this](std::vector<WindowEntry> entries) { arrived(std::move(entries)); },
      std::move(done));
}

void Engine::look_again() {
  mailbox_->post([this] {
    window_.reset();
    planner_.wake();
  });
}

void Engine::clock_stepped() {
  ports_.probe.clock_stepped();
  look_again();
}

void Engine::reconfigure(std::function<void(EngineOptions&)> change) {
  mailbox_->post([this, change = std::move(change)] {
    change(options_);
    dispatch_.reconfigured();
  });
}

void Engine::drain() {
  draining_ = true;
  intake_.stop();
  dispatch_.stop();
  dispatch_.give_back(ports_.clock.wall());
  claims_.give_back();
}

bool Engine::drained() const { return dispatch_.in_flight() == 0 && settle_.pending() == 0; }

}  // namespace schedules
