// A lane: the events on their way to one target, its breaker and how many publishes run. Targets do not wait for each
// other: what a lane cannot take now waits in the store, not here. Engine thread only.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/token_bucket.h"
#include "model/event.h"
#include "sink/breaker.h"
#include "sink/sink.h"

namespace schedules {

class Lane {
 public:
  Lane(std::string name, Sink& sink, uint32_t max_running)
      : name_(std::move(name)), sink_(&sink), max_running_(max_running) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Sink& sink() { return *sink_; }
  [[nodiscard]] std::string_view sink_name() const { return sink_->name(); }
  void allow(uint32_t max_running) { max_running_ = max_running; }
  /// Events a second, and as many at once; 0: no limit.
  void limit(uint32_t per_second, SteadyPoint now);
  /// How many may go now.
  [[nodiscard]] size_t allowance(SteadyPoint now);
  Breaker& breaker() { return breaker_; }
  [[nodiscard]] bool idle() const { return running_ == 0 && queue_.empty(); }
  [[nodiscard]] bool may_start() const { return running_ < max_running_ && !queue_.empty(); }
  [[nodiscard]] bool full() const {
    return queue_.size() >= std::max<size_t>(kQueueAtLeast, 2 * max_running_ * sink_->batch_limit());
  }
  [[nodiscard]] size_t queued() const { return queue_.size(); }

  void push(Event event) { queue_.push_back(std::move(event)); }
  std::deque<Event> take_all() { return std::exchange(queue_, {}); }

  /// The next batch, of at most `most`: events whose ordering key has no publish running, each key at most in one running
  /// publish.
  std::vector<Event> take_batch(size_t most = SIZE_MAX, SteadyPoint now = {});
  void started(TimePoint now, const std::vector<Delivery>& deliveries);
  void finished(TimePoint now, const std::vector<Delivery>& deliveries);

  /// A time for an event that has to wait outside: one after the other, at the speed this lane has had, or may have.
  TimePoint next_slot(TimePoint not_before, const std::string& key);
  /// Whether an earlier event of this ordering key waits outside: then this one must not overtake it.
  bool waits_outside(const std::string& key, TimePoint now);

  static constexpr size_t kQueueAtLeast = 512;

 private:
  std::string name_;
  Sink* sink_;
  uint32_t max_running_;
  Breaker breaker_;
  std::optional<TokenBucket> bucket_;
  std::deque<Event> queue_;
  uint32_t running_ = 0;
  std::multiset<std::string> busy_keys_;
  double per_second_ = 1'000;  ///< events finished per second of being busy, smoothed
  TimePoint rate_since_{};
  size_t rate_events_ = 0;
  TimePoint last_slot_{};
  std::map<std::string, TimePoint> outside_;  ///< last slot given to an event of the key
};

}  // namespace schedules
