#include "engine/dispatch.h"

#include <algorithm>
#include <cmath>

#include "base/guards.h"
#include "base/log.h"
#include "base/text.h"
#include "store/crash_note.h"

namespace schedules {
namespace {

constexpr size_t kCrashesAtMost = 3;  // in flight at so many, an event is quarantined (semantics S11)

// What goes out names its publish as the parent; what is stored keeps the caller's.
void point_at_publish(const Tracer* tracer, std::vector<Delivery>& deliveries) {
  if (tracer == nullptr) return;
  for (auto& delivery : deliveries) {
    if (const auto trace = tracer->recorded(delivery.event)) {
      delivery.event.traceparent = publish_traceparent(*trace, delivery.event);
    }
  }
}

std::string_view word_of(Verdict verdict) {
  if (verdict == Verdict::delivered) return "delivered";
  return verdict == Verdict::retry ? "retry" : "rejected";
}

void describe(TraceStep& publish, const Event& event, const std::string& sink, const DeliveryReport& report) {
  publish.attempt = event.attempt + 1;
  publish.sink = sink;
  publish.position = report.position;
  publish.outcome = word_of(report.verdict);
  publish.failed = report.verdict != Verdict::delivered;
  if (publish.failed) publish.error = truncate_utf8(report.error, kMaxErrorBytes);
}

}  // namespace

Execution execution_of(const Event& event, const Outcome& outcome, RunStatus status, const std::string& node_id) {
  return Execution{.id = fmt::format("{}-{}", event.id.text(), event.attempt + 1),
                   .event_id = event.id,
                   .schedule_id = event.schedule_id,
                   .schedule_name = event.schedule_name,
                   .topic = event.topic,
                   .entity_type = event.entity_type,
                   .entity_id = event.entity_id,
                   .action = event.action,
                   .correlation_id = event.correlation_id,
                   .due_at = event.due_at,
                   .executed_at = outcome.at,
                   .duration = std::max(outcome.settled_at - outcome.at, Duration{}),
                   .status = status,
                   .state = outcome.state,
                   .reason = outcome.reason,
                   .error = outcome.detail,
                   .attempt = event.attempt + 1,
                   .sink = outcome.sink,
                   .position = outcome.position,
                   .node_id = node_id,
                   .accepted_at = event.created_at};
}

Dispatch::Dispatch(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox, Window& window,
                   Settle& settle)
    : ports_(ports),
      options_(options),
      mailbox_(std::move(mailbox)),
      window_(window),
      settle_(settle),
      lanes_(ports, options),
      gate_(ports, options.cron_seconds_last, mailbox_, ways()) {}

ScheduleGate::Ways Dispatch::ways() {
  return {.admit = [this](Event event) { admit(std::move(event), ports_.clock.wall()); },
          .postpone = [this](Event event, TimePoint until,
                             std::string reason) { postpone(std::move(event), until, std::move(reason)); },
          .end = [this](Event event, State state, std::string reason,
                        std::string detail) { end(std::move(event), state, std::move(reason), std::move(detail)); }};
}

void Dispatch::pump(TimePoint now) {
  lanes_.each([this](Lane& lane) { start(lane); });
  lanes_.drop_spare();
  if (!stopping_) begin_some();
  ports_.probe.queues(window_.held(), window_.ready(), in_flight_);
  static_cast<void>(now);
}

void Dispatch::begin_some() {
  while (window_.ready() > 0 && in_flight_ < options_.in_flight_limit && in_flight_bytes_ < options_.in_flight_bytes &&
         ports_.log.has_room()) {
    const auto by_bytes = static_cast<size_t>(static_cast<double>(options_.in_flight_bytes - in_flight_bytes_) /
                                              std::max(mean_bytes_, 1.0));
    const size_t room =
        std::min({options_.in_flight_limit - in_flight_, options_.begin_batch, std::max<size_t>(by_bytes, 1)});
    auto requests = window_.pop(room);
    if (requests.empty()) return;
    for (auto& due : requests) begin(std::move(due));
  }
}

void Dispatch::begin(Window::Due due) {
  Begin begin{.shard = due.request.shard,
              .epoch = due.request.epoch,
              .asked = due.request.entries.size(),
              .at = ports_.clock.wall(),
              .due = {}};
  if (guards::kFencing && ports_.coordinator.epoch_of(begin.shard) != begin.epoch)
    return window_.disown({begin.shard, begin.epoch});
  in_flight_ += begin.asked;
  if (ports_.tracer != nullptr) begin.due = due;
  ports_.near.begin(std::move(due.request),
                    [this, mailbox = mailbox_, begin = std::move(begin)](Result<std::vector<Event>> events) mutable {
                      mailbox->post([this, begin = std::move(begin), events = std::move(events)]() mutable {
                        begun(begin, std::move(events));
                      });
                    });
}

// The store answers in the order asked, without those that do not wait any more.
void Dispatch::trace(const Begin& begin, const std::vector<Event>& events, TimePoint now) {
  StepBatch steps(ports_.tracer);
  const auto& entries = begin.due.request.entries;
  size_t at = 0;
  for (const auto& event : events) {
    while (at < entries.size() && entries[at].id != event.id) ++at;
    if (at == entries.size()) return;
    steps.add(Step::window, event, event.fire_at, begin.due.held_since[at], begin.at);
    steps.add(Step::begin, event, event.fire_at, begin.at, now);
  }
}

void Dispatch::begun(const Begin& begin, Result<std::vector<Event>> events) {
  if (!events) {
    in_flight_ -= begin.asked;
    if (events.error().code == Code::stale_epoch) {
      ports_.coordinator.lost(begin.shard, begin.epoch);
      return window_.disown({begin.shard, begin.epoch});
    }
    log::warn("begin.failed", {{"events", std::to_string(begin.asked)}, {"error", events.error().detail}});
    window_.reset();  // they still wait in the store and are read again
    return;
  }
  in_flight_ -= begin.asked - events->size();
  std::vector<Event> scheduled;
  const TimePoint now = ports_.clock.wall();
  if (ports_.tracer != nullptr) trace(begin, *events, now);
  for (auto& event : *events) {
    event.begun_epoch = begin.epoch;
    in_flight_bytes_ += event.body.size();
    mean_bytes_ = 0.99 * mean_bytes_ + 0.01 * static_cast<double>(event.body.size());
    if (crashes_of(event) >= kCrashesAtMost) {
      end(std::move(event), State::dead, "quarantined",
          fmt::format("in flight at {} crashes of the process", kCrashesAtMost));
      continue;
    }
    if (ScheduleGate::concerns(event)) {
      scheduled.push_back(std::move(event));
    } else {
      admit(std::move(event), now);
    }
  }
  if (!scheduled.empty()) gate_.judge(std::move(scheduled));
}

void Dispatch::admit(Event event, TimePoint now) {
  if (event.max_delay && now - event.due_at > *event.max_delay) {
    auto detail = fmt::format("later than its max_delay_seconds of {}", event.max_delay->count());
    return end(std::move(event), State::skipped, "expired", std::move(detail));
  }
  Sink* sink = ports_.sinks.sink_for(event);
  if (sink == nullptr) {
    auto detail = fmt::format("there is no {} sink here", to_string(event.target.kind));
    return end(std::move(event), State::dead, "no_sink", std::move(detail));
  }
  Lane& lane = lanes_.of(*sink, event);
  if (lane.full() || lane.waits_outside(event.key, now)) {
    const TimePoint slot = lane.next_slot(now, event.key);
    return postpone(std::move(event), slot, "target_busy");
  }
  lane.push(std::move(event));
  if (lane.queued() >= sink->batch_limit()) start(lane);
}

void Dispatch::start(Lane& lane) {
  while (lane.may_start()) {
    const SteadyPoint since = ports_.clock.steady();
    const size_t allowance = lane.allowance(since);
    if (allowance == 0) return send_away(lane, ports_.clock.wall(), "target_rate");
    if (!lane.breaker().allow(since)) {
      const TimePoint now = ports_.clock.wall();
      const Duration wait =
          std::max(lane.breaker().next_probe().value_or(since) - since, Duration(std::chrono::milliseconds(500)));
      return send_away(lane, now + wait, "target_down");
    }
    auto events = lane.take_batch(allowance, since);
    const TimePoint now = ports_.clock.wall();
    std::vector<Delivery> deliveries;
    for (auto& event : events) {
      if (!is_ours(event)) {
        gate_.gone(event, {}, false);
        forget(event);
        continue;
      }
      // The last guard: the wall clock may have been stepped back since the wheel let it go.
      if (guards::kEarly && event.due_at > now) {
        const TimePoint due = event.due_at;
        postpone(std::move(event), due, "clock_stepped_back");
        continue;
      }
      deliveries.push_back(Delivery{.event = std::move(event), .fired_at = now, .correlation = options_.correlation});
    }
    if (deliveries.empty()) {
      lane.breaker().withdraw();
      if (events.empty()) return;  // every queued key is busy
      continue;
    }
    lane.started(now, deliveries);
    lanes_.started(lane);
    auto copy = deliveries;
    point_at_publish(ports_.tracer, deliveries);
    lane.sink().publish(std::move(deliveries), [this, since, name = lane.name(), mailbox = mailbox_,
                                                sent = std::move(copy)](Reports reports) mutable {
      mailbox->post(
          [this, name = std::move(name), sent = std::move(sent), since, reports = std::move(reports)]() mutable {
            published(name, std::move(sent), since, std::move(reports));
          });
    });
  }
}

void Dispatch::send_away(Lane& lane, TimePoint not_before, const char* reason) {
  for (auto& event : lane.take_all()) {
    const TimePoint slot = lane.next_slot(not_before, event.key);
    postpone(std::move(event), slot, reason);
  }
}

void Dispatch::published(const std::string& lane_name, std::vector<Delivery> deliveries, SteadyPoint since,
                         Reports reports) {
  Lane& lane = lanes_.at(lane_name);
  const SteadyPoint now = ports_.clock.steady();
  lane.finished(ports_.clock.wall(), deliveries);
  const bool target_failed = std::ranges::any_of(reports, [](const DeliveryReport& report) {
    return report.verdict == Verdict::retry && report.counts_against_target;
  });
  lanes_.ended(lane, now, !target_failed);
  StepBatch steps(ports_.tracer);
  for (size_t i = 0; i < deliveries.size(); ++i) {
    decide(std::move(deliveries[i]), reports.at(i), lane, now - since, steps);
  }
  start(lane);
}

void Dispatch::decide(Delivery delivery, const DeliveryReport& report, const Lane& lane, Duration took,
                      StepBatch& steps) {
  Event& event = delivery.event;
  if (report.verdict == Verdict::disowned) {  // its next owner has put it back, or will
    ports_.coordinator.lost(ports_.near.shard_of(event.id), event.begun_epoch);
    gate_.gone(event, {}, false);
    return forget(event);
  }
  const TimePoint begun = event.fire_at;
  const auto sink = std::string(lane.sink_name());
  ports_.probe.published(sink, report.verdict, delivery.fired_at - event.due_at, took);
  if (auto* step = steps.add(Step::publish, event, begun, delivery.fired_at, delivery.fired_at + took)) {
    describe(*step, event, sink, report);
  }
  Outcome outcome{.state = State::fired,
                  .at = delivery.fired_at,
                  .settled_at = delivery.fired_at + took,
                  .reason = "",
                  .detail = truncate_utf8(report.error, kMaxErrorBytes),
                  .sink = sink,
                  .position = report.position};
  if (report.verdict == Verdict::delivered) {
    outcome.detail.clear();
    auto execution = execution_of(event, outcome, RunStatus::success, options_.node_id);
    return settle_.add(Ending{begun, std::move(event), std::move(outcome), {std::move(execution)}});
  }
  const bool spent = event.attempt >= event.max_retries;
  outcome.state = report.verdict == Verdict::retry && !spent ? State::pending : State::dead;
  outcome.reason = report.verdict == Verdict::rejected ? "rejected" : spent ? "retries_exhausted" : "retry";
  event.attempts.push_back(Attempt{.at = delivery.fired_at, .error = outcome.detail});
  const TimePoint retry_at = retry_time(event, report, delivery.fired_at + took);
  if (outcome.state == State::pending && event.max_delay && retry_at > event.due_at + *event.max_delay) {
    outcome.state = State::dead;
    outcome.reason = "max_age";
  }
  if (outcome.state == State::pending && gate_.displaced(event.id)) {
    outcome.state = State::skipped;
    outcome.reason = "overlap";
  }
  auto execution = execution_of(event, outcome, RunStatus::failure, options_.node_id);
  ++event.attempt;
  if (outcome.state == State::pending) event.fire_at = retry_at;
  settle_.add(Ending{begun, std::move(event), std::move(outcome), {std::move(execution)}});
}

// Exponential backoff with full jitter; what the receiver asked for is a lower bound.
TimePoint Dispatch::retry_time(const Event& event, const DeliveryReport& report, TimePoint now) {
  const double base_us = static_cast<double>(Duration(event.retry_delay).count());
  const double longest =
      std::min(base_us * std::exp2(std::min(event.attempt, 30U)), static_cast<double>(options_.retry_cap.count()));
  Duration delay{1 + static_cast<int64_t>(ports_.random.below(static_cast<uint64_t>(std::max(longest, 1.0))))};
  if (report.retry_after) delay = std::max(delay, Duration(*report.retry_after));
  return now + delay;
}

void Dispatch::postpone(Event event, TimePoint until, std::string reason) {
  const TimePoint begun = event.fire_at;
  event.fire_at = std::max({until, event.due_at, begun + Duration(1)});  // never the same: see Settlement
  Outcome outcome{.state = State::pending, .at = ports_.clock.wall(), .reason = std::move(reason)};
  settle_.add(Ending{begun, std::move(event), std::move(outcome), {}});
}

void Dispatch::end(Event event, State state, std::string reason, std::string detail) {
  const TimePoint now = ports_.clock.wall();
  Outcome outcome{
      .state = state, .at = now, .settled_at = now, .reason = std::move(reason), .detail = std::move(detail)};
  const auto status = state == State::skipped ? RunStatus::skipped : RunStatus::failure;
  auto execution = execution_of(event, outcome, status, options_.node_id);
  const TimePoint begun = event.fire_at;
  settle_.add(Ending{begun, std::move(event), std::move(outcome), {std::move(execution)}});
}

bool Dispatch::is_ours(const Event& event) const {
  return !guards::kFencing || ports_.coordinator.epoch_of(ports_.near.shard_of(event.id)) == event.begun_epoch;
}

void Dispatch::settled(const Ending& ending) {
  gate_.gone(ending.event, ending.outcome, true);
  forget(ending.event);
}

void Dispatch::lost(const Ending& ending) {
  gate_.gone(ending.event, ending.outcome, false);
  forget(ending.event);
}

void Dispatch::forget(const Event& event) {
  --in_flight_;
  in_flight_bytes_ -= std::min(in_flight_bytes_, event.body.size());
}

void Dispatch::give_back(TimePoint now) {
  lanes_.each([&](Lane& lane) {
    for (auto& event : lane.take_all()) postpone(std::move(event), now, "shutdown");
  });
}

}  // namespace schedules
