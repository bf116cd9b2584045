#include "engine/settle.h"

#include "base/log.h"

namespace schedules {
namespace {

constexpr Duration kRetryAfter = std::chrono::milliseconds(250);

}  // namespace

Settle::Settle(EnginePorts& ports, std::shared_ptr<Mailbox> mailbox, Settled settled)
    : ports_(ports), mailbox_(std::move(mailbox)), settled_(std::move(settled)) {}

TimePoint Settle::flush(TimePoint now) {
  if (waiting_.empty()) return TimePoint::max();
  if (now < retry_at_) return retry_at_;
  auto endings = std::exchange(waiting_, {});
  under_way_ += endings.size();
  bury_then_store(std::move(endings));
  return TimePoint::max();
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
  std::vector<Settlement> settlements;
  settlements.reserve(endings.size());
  for (const auto& ending : endings) {
    settlements.push_back(Settlement{.shard = ports_.near.shard_of(ending.event.id),
                                     .epoch = 0,
                                     .begun_fire_at = ending.begun_fire_at,
                                     .event = ending.event,
                                     .outcome = ending.outcome});
  }
  ports_.near.settle(std::move(settlements),
                     [this, mailbox = mailbox_, endings = std::move(endings)](Result<void> result) mutable {
                       mailbox->post([this, endings = std::move(endings), result = std::move(result)]() mutable {
                         stored(std::move(endings), std::move(result));
                       });
                     });
}

void Settle::stored(std::vector<Ending> endings, Result<void> result) {
  if (!result) return try_again(std::move(endings), result.error());
  under_way_ -= endings.size();
  std::vector<Execution> executions;
  for (auto& ending : endings) {
    settled_(ending);
    for (auto& execution : ending.executions) executions.push_back(std::move(execution));
  }
  if (!executions.empty()) ports_.log.record(std::move(executions));
}

void Settle::try_again(std::vector<Ending> endings, const Error& error) {
  log::warn("settle.failed", {{"events", std::to_string(endings.size())}, {"error", error.detail}});
  under_way_ -= endings.size();
  retry_at_ = ports_.clock.wall() + kRetryAfter;
  for (auto& ending : endings) waiting_.push_back(std::move(ending));
}

}  // namespace schedules
