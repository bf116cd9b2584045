#include "engine/transfer.h"

#include "base/log.h"

namespace schedules {
namespace {

constexpr size_t kFirstPage = 1'000;
constexpr size_t kSmallestPage = 50;
constexpr size_t kLargestPage = 25'000;
constexpr size_t kPageBytes = 32U << 20U;  // of bodies, about
constexpr size_t kEventBytes = 512;        // beside its body
constexpr Duration kTransferRetry = std::chrono::seconds(1);
constexpr Duration kLeaderLook = std::chrono::seconds(1);

}  // namespace

Transfer::Transfer(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox, Window& window)
    : ports_(ports), options_(options), mailbox_(std::move(mailbox)), window_(window), page_(kFirstPage) {}

// However the settings are chosen, a far event must be met by a run before it is due.
Duration Transfer::interval() const {
  const Duration longest = std::min(options_.transfer_horizon, options_.immediate_horizon) / 2;
  return std::clamp(options_.transfer_interval, Duration(std::chrono::milliseconds(100)),
                    std::max(longest, Duration(std::chrono::milliseconds(100))));
}

TimePoint Transfer::advance(TimePoint now) {
  if (running_) return TimePoint::max();
  if (now < next_run_ && next_run_ - now <= interval()) return next_run_;
  if (options_.far_is_shared && !ports_.coordinator.leads()) return now + kLeaderLook;
  run([](const Result<uint64_t>&) {});
  return running_ ? TimePoint::max() : next_run_;
}

void Transfer::run(Finished finished) {
  finished_.push_back(std::move(finished));
  if (running_) return;
  running_ = true;
  moved_ = 0;
  next_page();
}

void Transfer::next_page() {
  page_since_ = ports_.clock.steady();
  // Beyond the shorter horizon nothing was ever put far, so at least that is brought near.
  const Duration horizon = std::max(options_.transfer_horizon, interval() * 2);
  ports_.far.due_before(ports_.clock.wall() + horizon, page_, [this, mailbox = mailbox_](Result<FarPage> page) mutable {
    mailbox->post([this, page = std::move(page)]() mutable {
      if (!page) return finish(fail(page.error()));
      if (page->events.empty()) return finish(moved_);
      if (ports_.clock.steady() - page_since_ > kFarReadGood) {
        return finish(fail(Code::unavailable, "what was read far was not brought near in time; it is read anew"));
      }
      put_near(std::move(page->events), page->more);
    });
  });
}

void Transfer::put_near(std::vector<Event> events, bool more) {
  size_t bytes = 0;
  for (const auto& event : events) bytes += event.body.size() + kEventBytes;
  page_ = std::clamp(kPageBytes * events.size() / bytes, kSmallestPage, kLargestPage);
  std::vector<FarRevision> moved;
  std::vector<WindowEntry> entries;
  for (const auto& event : events) {
    moved.push_back(FarRevision{event.id, event.revision});
    entries.push_back(WindowEntry{event.id, event.fire_at, 0, event.priority, ports_.near.shard_of(event.id)});
  }
  auto traced = trace(events);
  ports_.near.put(std::move(events), PutMode::from_far_store,
                  [this, mailbox = mailbox_, more, moved = std::move(moved), entries = std::move(entries),
                   traced = std::move(traced)](Result<std::vector<PutOutcome>> outcomes) mutable {
                    mailbox->post([this, more, moved = std::move(moved), entries = std::move(entries),
                                   traced = std::move(traced), outcomes = std::move(outcomes)]() mutable {
                      if (!outcomes) return finish(fail(outcomes.error()));
                      if (!traced.empty()) record(std::move(traced), *outcomes);
                      const size_t read = moved.size();
                      leave_held_back(*outcomes, moved, entries);
                      window_.arrive(entries);
                      // Where something is held back, the next page would bring it again: the next run does.
                      mark(std::move(moved), more && entries.size() == read);
                    });
                  });
}

Transfer::Traced Transfer::trace(const std::vector<Event>& events) const {
  Traced traced;
  if (ports_.tracer == nullptr) return traced;
  const TimePoint now = ports_.clock.wall();
  for (size_t i = 0; i < events.size(); ++i) {
    if (auto step = traced_step(*ports_.tracer, Step::transfer, events[i], now, now, now)) {
      traced.emplace_back(i, std::move(*step));
    }
  }
  return traced;
}

// What is near already was told of by the transfer that brought it.
void Transfer::record(Traced traced, const std::vector<PutOutcome>& outcomes) {
  std::vector<TraceStep> steps;
  const TimePoint now = ports_.clock.wall();
  for (auto& [place, step] : traced) {
    const auto& outcome = outcomes.at(place);
    if (outcome.error || outcome.result != PutResult::created) continue;
    step.end = std::max(step.start, now);
    steps.push_back(std::move(step));
  }
  if (!steps.empty()) ports_.tracer->record(std::move(steps));
}

// What is being changed far at this moment is held back near and stays where it is.
void Transfer::leave_held_back(const std::vector<PutOutcome>& outcomes, std::vector<FarRevision>& moved,
                               std::vector<WindowEntry>& entries) {
  size_t kept = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].error || outcomes[i].result == PutResult::conflict) continue;
    moved[kept] = moved[i];
    entries[kept] = entries[i];
    ++kept;
  }
  moved.resize(kept);
  entries.resize(kept);
}

void Transfer::mark(std::vector<FarRevision> moved, bool more) {
  if (moved.empty()) return finish(moved_);
  const size_t count = moved.size();
  ports_.far.mark_transferred(std::move(moved), [this, mailbox = mailbox_, more, count](Result<void> marked) mutable {
    mailbox->post([this, more, count, marked = std::move(marked)]() mutable {
      if (!marked) return finish(fail(marked.error()));
      moved_ += count;
      ports_.probe.transferred(count, ports_.clock.steady() - page_since_);
      if (more) return next_page();
      finish(moved_);
    });
  });
}

void Transfer::finish(Result<uint64_t> result) {
  running_ = false;
  next_run_ = ports_.clock.wall() + (result ? interval() : std::min(interval(), kTransferRetry));
  if (!result) log::warn("transfer.stopped", {{"moved", std::to_string(moved_)}, {"error", result.error().detail}});
  for (auto& finished : std::exchange(finished_, {})) finished(result);
}

}  // namespace schedules
