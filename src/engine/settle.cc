#include "engine/settle.h"

#include <map>

#include "base/log.h"

namespace schedules {
namespace {

constexpr Duration kSettleRetry = std::chrono::milliseconds(250);

/// A copy, since the ending is kept until the store has answered. What has ended is remembered without its body.
Event event_to_store(Ending& ending) {
  if (!is_final(ending.outcome.state)) return ending.event;
  auto body = std::exchange(ending.event.body, {});
  Event event = ending.event;
  ending.event.body = std::move(body);
  return event;
}

}  // namespace

Settle::Settle(EnginePorts& ports, std::shared_ptr<Mailbox> mailbox, Settled settled, Lost lost)
    : ports_(ports), mailbox_(std::move(mailbox)), settled_(std::move(settled)), lost_(std::move(lost)) {}

SteadyPoint Settle::flush(SteadyPoint now) {
  if (waiting_.empty()) return SteadyPoint::max();
  if (now < retry_at_) return retry_at_;
  auto endings = std::exchange(waiting_, {});
  under_way_ += endings.size();
  bury_then_store(std::move(endings));
  return SteadyPoint::max();
}

// A dead letter is written before the event leaves the near store: a crash in between repeats the burial,
// which replaces the letter, and never loses the event.
void Settle::bury_then_store(std::vector<Ending> endings) {
  std::vector<DeadLetter> letters;
  for (const auto& ending : endings) {
    if (ending.outcome.state != State::dead) continue;
    letters.push_back(DeadLetter{.event = ending.event,
                                 .reason = ending.outcome.reason,
                                 .detail = ending.outcome.detail,
                                 .died_at = ending.outcome.at});
  }
  if (letters.empty()) return store(std::move(endings));
  ports_.dead_letters.bury(std::move(letters),
                           [this, mailbox = mailbox_, endings = std::move(endings)](Result<void> result) mutable {
                             mailbox->post([this, endings = std::move(endings), result = std::move(result)]() mutable {
                               if (!result) return try_again(std::move(endings), result.error());
                               store(std::move(endings));
                             });
                           });
}

void Settle::store(std::vector<Ending> endings) {
  std::map<std::pair<uint32_t, uint64_t>, std::vector<Ending>> groups;
  for (auto& ending : endings) {
    groups[{ports_.near.shard_of(ending.event.id), ending.event.begun_epoch}].push_back(std::move(ending));
  }
  for (auto& [place, group] : groups) store_shard({place.first, place.second}, std::move(group));
}

void Settle::store_shard(const ShardLease& lease, std::vector<Ending> endings) {
  std::vector<Settlement> settlements;
  settlements.reserve(endings.size());
  for (auto& ending : endings) {
    settlements.push_back(Settlement{.shard = lease.shard,
                                     .epoch = lease.epoch,
                                     .begun_fire_at = ending.begun_fire_at,
                                     .event = event_to_store(ending),
                                     .outcome = ending.outcome});
  }
  ports_.near.settle(std::move(settlements),
                     [this, lease, mailbox = mailbox_, endings = std::move(endings)](Result<void> result) mutable {
                       mailbox->post([this, lease, endings = std::move(endings), result = std::move(result)]() mutable {
                         stored(lease, std::move(endings), std::move(result));
                       });
                     });
}

void Settle::stored(const ShardLease& lease, std::vector<Ending> endings, Result<void> result) {
  if (!result && result.error().code == Code::stale_epoch) {
    log::warn("settle.lease_lost",
              {{"shard", std::to_string(lease.shard)}, {"events", std::to_string(endings.size())}});
    ports_.coordinator.lost(lease.shard, lease.epoch);
    under_way_ -= endings.size();
    for (const auto& ending : endings) lost_(ending);
    return;
  }
  if (!result) return try_again(std::move(endings), result.error());
  under_way_ -= endings.size();
  std::vector<Execution> executions;
  trace(endings);
  for (auto& ending : endings) {
    settled_(ending);
    for (auto& execution : ending.executions) executions.push_back(std::move(execution));
  }
  if (!executions.empty()) ports_.log.record(std::move(executions));
}

void Settle::trace(const std::vector<Ending>& endings) {
  if (ports_.tracer == nullptr) return;
  StepBatch steps(ports_.tracer);
  const TimePoint now = ports_.clock.wall();
  for (const auto& ending : endings) {
    const auto& outcome = ending.outcome;
    const TimePoint decided = std::max(outcome.at, outcome.settled_at);
    auto* step = steps.add(Step::settle, ending.event, ending.begun_fire_at, decided, now);
    if (step == nullptr) continue;
    step->outcome = to_string(outcome.state);
    step->reason = outcome.reason;
    step->sink = outcome.sink;
    step->failed = outcome.state == State::dead;
    if (step->failed) step->error = outcome.detail;
  }
}

void Settle::try_again(std::vector<Ending> endings, const Error& error) {
  log::warn("settle.failed", {{"events", std::to_string(endings.size())}, {"error", error.detail}});
  under_way_ -= endings.size();
  retry_at_ = ports_.clock.steady() + kSettleRetry;
  for (auto& ending : endings) waiting_.push_back(std::move(ending));
}

}  // namespace schedules
