#include "engine/window.h"

#include "base/log.h"
#include "time/text.h"

namespace schedules {
namespace {

constexpr Duration kLoadRetry = std::chrono::milliseconds(250);
constexpr Duration kLapsedRetry = std::chrono::milliseconds(100);

}  // namespace

bool Window::Later::operator()(const WindowEntry& a, const WindowEntry& b) const {
  const auto rank_a = Event::rank_of(a.fire_at, a.priority);
  const auto rank_b = Event::rank_of(b.fire_at, b.priority);
  return rank_a != rank_b ? rank_a > rank_b : a.sequence > b.sequence;
}

Window::Window(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox)
    : ports_(ports), options_(options), mailbox_(std::move(mailbox)), wheel_(ports.clock.wall()) {}

void Window::arrive(const std::vector<WindowEntry>& entries) {
  const TimePoint now = ports_.clock.wall();
  for (const auto& entry : entries) {
    if (entry.shard >= shards_.size() || !shards_[entry.shard].epoch) continue;  // its owner learns of it by the store
    auto& shard = shards_[entry.shard];
    const bool covered = entry.fire_at <= std::max(shard.covered_until, shard.covering_until);
    if (covered && held_.size() < 2 * options_.window_limit) {
      hold(entry, now);
      continue;
    }
    if (covered) {  // no room: give up the coverage from here on, a later load brings it
      shard.covered_until = std::min(shard.covered_until, entry.fire_at - Duration(1));
      shard.covering_until = std::min(shard.covering_until, shard.covered_until);
    }
    if (!shard.next_fire_at || entry.fire_at < *shard.next_fire_at) shard.next_fire_at = entry.fire_at;
  }
}

void Window::arrive_elsewhere(uint32_t index, TimePoint fire_at) {
  if (index >= shards_.size()) return;
  auto& shard = shards_[index];
  shard.covered_until = std::min(shard.covered_until, fire_at - Duration(1));
  shard.covering_until = std::min(shard.covering_until, shard.covered_until);
  if (!shard.next_fire_at || fire_at < *shard.next_fire_at) shard.next_fire_at = fire_at;
}

void Window::own(const std::vector<ShardLease>& leases) {
  for (const auto& lease : leases) {
    if (lease.shard >= shards_.size()) shards_.resize(lease.shard + 1);
  }
  std::vector<std::optional<uint64_t>> epochs(shards_.size());
  for (const auto& lease : leases) epochs[lease.shard] = lease.epoch;
  for (uint32_t i = 0; i < shards_.size(); ++i) {
    if (shards_[i].epoch == epochs[i] && !shards_[i].lapsed) continue;
    const bool loading = shards_[i].loading;
    shards_[i] = Shard{.epoch = epochs[i], .loading = loading};
  }
}

void Window::disown(const ShardLease& lease) {
  if (lease.shard >= shards_.size() || shards_[lease.shard].epoch != lease.epoch) return;
  auto& shard = shards_[lease.shard];
  shard.epoch.reset();
  shard.lapsed = true;
  shard.retry_at = ports_.clock.wall() + kLapsedRetry;
}

// What other nodes put is told by messages, which may be lost, and only where it is due soon. A shard that is read all the time
// anyway needs no look of its own.
TimePoint Window::look_now_and_then(TimePoint now) {
  if (options_.look_interval.count() == 0) return TimePoint::max();
  if (now < looked_at_ + options_.look_interval && now >= looked_at_) return looked_at_ + options_.look_interval;
  looked_at_ = now;
  const Duration rest = held_.size() < options_.window_limit / 10 ? options_.look_interval : options_.window / 2;
  for (auto& shard : shards_) {
    if (now - shard.loaded_at >= rest || now < shard.loaded_at) shard.next_fire_at = now;
  }
  return now + options_.look_interval;
}

// A renewal that was late may have come after all.
TimePoint Window::look_at_lapsed(uint32_t index, TimePoint now) {
  auto& shard = shards_[index];
  if (!shard.lapsed) return TimePoint::max();
  if (now < shard.retry_at) return shard.retry_at;
  const auto epoch = ports_.coordinator.epoch_of(index);
  if (!epoch) return now + kLapsedRetry;
  shard = Shard{.epoch = epoch, .loading = shard.loading};
  return TimePoint::max();
}

TimePoint Window::advance(TimePoint now) {
  wheel_.advance(now, due_);
  for (const auto& entry : due_) {
    const auto held = held_.find(entry.id);
    if (held != held_.end() && held->second.fire_at == entry.fire_at) ready_.push(entry);
  }
  due_.clear();
  TimePoint next = std::min(wheel_.next_wake().value_or(TimePoint::max()), look_now_and_then(now));
  for (uint32_t i = 0; i < shards_.size(); ++i) {
    shards_[i].retry_at = std::min(shards_[i].retry_at, now + kLoadRetry);  // the clock may have been stepped back
    next = std::min(next, look_at_lapsed(i, now));
    TimePoint wanted = load_wanted_at(shards_[i]);
    if (wanted <= now) {
      load(i, now);
      wanted = load_wanted_at(shards_[i]);
    }
    next = std::min(next, wanted);
  }
  return next;
}

// When the next load of this shard makes sense; max: not before something else happens.
TimePoint Window::load_wanted_at(const Shard& shard) const {
  if (shard.loading || !shard.epoch || !shard.next_fire_at) return TimePoint::max();
  if (shard.saturated) {
    // Half of the last page must be gone, or the same entries would only be read again.
    return ready_.size() < options_.window_limit / 2 ? shard.retry_at : TimePoint::max();
  }
  if (held_.size() >= 2 * options_.window_limit) return TimePoint::max();
  if (*shard.next_fire_at == TimePoint::min()) return shard.retry_at;
  // A load covers a whole window, and the next one waits until half of it has passed: were each event read as soon as
  // it comes within the window, a steady stream would read the same window over and over.
  return std::max(shard.retry_at, *shard.next_fire_at - options_.window / 2);
}

void Window::load(uint32_t index, TimePoint now) {
  auto& shard = shards_[index];
  shard.loading = true;
  shard.loaded_at = now;
  shard.covering_until = now + options_.window;
  shard.next_fire_at = std::nullopt;  // arrivals from now on set it again
  WindowRequest request{
      .shard = index, .epoch = *shard.epoch, .now = now, .until = shard.covering_until, .limit = options_.window_limit};
  ports_.near.window(request,
                     [this, index, epoch = *shard.epoch, now, mailbox = mailbox_](Result<WindowPage> page) mutable {
                       mailbox->post([this, index, epoch, now, page = std::move(page)]() mutable {
                         loaded(index, epoch, now, std::move(page));
                       });
                     });
}

void Window::loaded(uint32_t index, uint64_t epoch, TimePoint asked_at, Result<WindowPage> page) {
  auto& shard = shards_[index];
  shard.loading = false;
  if (shard.epoch != epoch) return;  // of a lease that has ended
  shard.saturated = false;
  if (!page && page.error().code == Code::stale_epoch) {
    ports_.coordinator.lost(index, epoch);
    return disown({index, epoch});
  }
  if (!page) {
    log::warn("window.load_failed", {{"shard", std::to_string(index)}, {"error", page.error().detail}});
    shard.covering_until = TimePoint::min();
    shard.next_fire_at = TimePoint::min();
    shard.retry_at = ports_.clock.wall() + kLoadRetry;
    return;
  }
  const TimePoint now = ports_.clock.wall();
  for (auto& entry : page->entries) {
    entry.shard = index;
    hold(entry, now);
  }
  // What arrived beyond the coverage while the load ran is in next_fire_at already.
  const bool gave_up = shard.covering_until < asked_at + options_.window;
  const TimePoint covered = gave_up ? std::min(page->covered_until, shard.covering_until) : page->covered_until;
  shard.covered_until = covered;
  shard.covering_until = TimePoint::min();
  shard.retry_at = TimePoint::min();
  if (page->next_fire_at && (!shard.next_fire_at || *page->next_fire_at < *shard.next_fire_at)) {
    shard.next_fire_at = page->next_fire_at;
  }
  if (page->covered_until == TimePoint::min()) {
    shard.saturated = true;
    if (!shard.next_fire_at) shard.next_fire_at = TimePoint::min();
  }
}

void Window::hold(const WindowEntry& entry, TimePoint now) {
  auto [held, is_new] = held_.try_emplace(entry.id, Held{entry.fire_at, now});
  if (!is_new && held->second.fire_at == entry.fire_at) return;
  held->second = Held{entry.fire_at, now};
  wheel_.insert(entry.fire_at, entry);
}

std::vector<Window::Due> Window::pop(size_t count) {
  std::vector<Due> requests;
  std::vector<size_t> request_of(shards_.size(), SIZE_MAX);
  for (size_t taken = 0; taken < count && !ready_.empty(); ready_.pop()) {
    const WindowEntry& entry = ready_.top();
    const auto held = held_.find(entry.id);
    if (held == held_.end() || held->second.fire_at != entry.fire_at) continue;  // moved on since
    const TimePoint since = held->second.since;
    held_.erase(held);
    const auto& epoch = shards_[entry.shard].epoch;
    if (!epoch) continue;
    auto& at = request_of[entry.shard];
    if (at == SIZE_MAX) {
      at = requests.size();
      requests.push_back(Due{.request = {.shard = entry.shard, .epoch = *epoch, .entries = {}}, .held_since = {}});
    }
    requests[at].request.entries.push_back(entry);
    requests[at].held_since.push_back(since);
    ++taken;
  }
  return requests;
}

void Window::reset() {
  for (auto& shard : shards_) {
    shard.covered_until = TimePoint::min();
    shard.next_fire_at = TimePoint::min();
    shard.retry_at = TimePoint::min();
  }
}

}  // namespace schedules
