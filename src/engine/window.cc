#include "engine/window.h"

#include "base/log.h"
#include "time/text.h"

namespace schedules {
namespace {

constexpr Duration kLoadRetry = std::chrono::milliseconds(250);

}  // namespace

bool Window::Later::operator()(const WindowEntry& a, const WindowEntry& b) const {
  const auto rank_a = Event::rank_of(a.fire_at, a.priority);
  const auto rank_b = Event::rank_of(b.fire_at, b.priority);
  return rank_a != rank_b ? rank_a > rank_b : a.sequence > b.sequence;
}

Window::Window(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox)
    : ports_(ports),
      options_(options),
      mailbox_(std::move(mailbox)),
      shards_(ports.near.shards()),
      wheel_(ports.clock.wall()) {}

void Window::arrive(const std::vector<WindowEntry>& entries) {
  for (const auto& entry : entries) {
    auto& shard = shards_.at(entry.shard);
    const bool covered = entry.fire_at <= std::max(shard.covered_until, shard.covering_until);
    if (covered && held_.size() < 2 * options_.window_limit) {
      hold(entry);
      continue;
    }
    if (covered) {  // no room: give up the coverage from here on, a later load brings it
      shard.covered_until = std::min(shard.covered_until, entry.fire_at - Duration(1));
      shard.covering_until = std::min(shard.covering_until, shard.covered_until);
    }
    if (!shard.next_fire_at || entry.fire_at < *shard.next_fire_at) shard.next_fire_at = entry.fire_at;
  }
}

TimePoint Window::advance(TimePoint now) {
  wheel_.advance(now, due_);
  for (const auto& entry : due_) {
    const auto held = held_.find(entry.id);
    if (held != held_.end() && held->second == entry.fire_at) ready_.push(entry);
  }
  due_.clear();
  TimePoint next = wheel_.next_wake().value_or(TimePoint::max());
  for (uint32_t i = 0; i < shards_.size(); ++i) {
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
  if (shard.loading || !shard.next_fire_at) return TimePoint::max();
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
  shard.covering_until = now + options_.window;
  shard.next_fire_at = std::nullopt;  // arrivals from now on set it again
  WindowRequest request{
      .shard = index, .epoch = 0, .now = now, .until = shard.covering_until, .limit = options_.window_limit};
  ports_.near.window(request, [this, index, now, mailbox = mailbox_](Result<WindowPage> page) mutable {
    mailbox->post([this, index, now, page = std::move(page)]() mutable { loaded(index, now, std::move(page)); });
  });
}

void Window::loaded(uint32_t index, TimePoint asked_at, Result<WindowPage> page) {
  auto& shard = shards_[index];
  shard.loading = false;
  shard.saturated = false;
  if (!page) {
    log::warn("window.load_failed", {{"shard", std::to_string(index)}, {"error", page.error().detail}});
    shard.covering_until = TimePoint::min();
    shard.next_fire_at = TimePoint::min();
    shard.retry_at = ports_.clock.wall() + kLoadRetry;
    return;
  }
  for (auto& entry : page->entries) {
    entry.shard = index;
    hold(entry);
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

void Window::hold(const WindowEntry& entry) {
  auto [held, is_new] = held_.try_emplace(entry.id, entry.fire_at);
  if (!is_new && held->second == entry.fire_at) return;
  held->second = entry.fire_at;
  wheel_.insert(entry.fire_at, entry);
}

std::vector<WindowEntry> Window::pop(size_t count) {
  std::vector<WindowEntry> entries;
  std::vector<WindowEntry> other_shards;
  while (entries.size() < count && !ready_.empty()) {
    WindowEntry entry = ready_.top();
    const auto held = held_.find(entry.id);
    if (held == held_.end() || held->second != entry.fire_at) {
      ready_.pop();  // moved on since
      continue;
    }
    if (!entries.empty() && entry.shard != entries.front().shard) {
      if (other_shards.size() >= count) break;
      other_shards.push_back(entry);
      ready_.pop();
      continue;
    }
    held_.erase(held);
    ready_.pop();
    entries.push_back(entry);
  }
  for (const auto& entry : other_shards) ready_.push(entry);
  return entries;
}

void Window::reset() {
  for (auto& shard : shards_) {
    shard.covered_until = TimePoint::min();
    shard.next_fire_at = TimePoint::min();
    shard.retry_at = TimePoint::min();
  }
}

}  // namespace schedules
