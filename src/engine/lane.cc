#include "engine/lane.h"

#include <algorithm>

namespace schedules {
namespace {

constexpr Duration kLongestLaneWait = std::chrono::seconds(60);
constexpr double kSlowest = 10;  // slots per second
constexpr size_t kKeysOutside = 10'000;
constexpr Duration kBackWithin = std::chrono::seconds(5);

}  // namespace

void Lane::limit(uint32_t per_second, SteadyPoint now) {
  if (per_second == 0) return bucket_.reset();
  if (bucket_ && bucket_->per_second() == per_second) return;
  bucket_.emplace(per_second, now);
}

size_t Lane::allowance(SteadyPoint now) {
  if (!bucket_) return SIZE_MAX;
  return static_cast<size_t>(std::max(bucket_->tokens(now), 0.0));
}

std::vector<Event> Lane::take_batch(size_t most, SteadyPoint now) {
  most = std::min(most, sink_->batch_limit());
  std::vector<Event> batch;
  std::set<std::string> held_back;  // keys whose earlier event stays: later ones must not overtake it
  for (auto it = queue_.begin(); it != queue_.end() && batch.size() < most;) {
    const bool blocked = !it->key.empty() && (busy_keys_.contains(it->key) || held_back.contains(it->key));
    if (blocked) {
      held_back.insert(it->key);
      ++it;
      continue;
    }
    // A sink of single publishes runs them side by side, so one event a key; a batch keeps its order.
    const bool single = sink_->batch_limit() == 1;
    if (it == queue_.begin() && !single && held_back.empty()) {
      batch.push_back(std::move(*it));
      queue_.pop_front();
      it = queue_.begin();
    } else {
      batch.push_back(std::move(*it));
      it = queue_.erase(it);
    }
  }
  if (bucket_) bucket_->take(static_cast<double>(batch.size()), now);
  return batch;
}

void Lane::started(TimePoint now, const std::vector<Delivery>& deliveries) {
  if (running_ == 0) {  // idle time says nothing about how fast the target is
    rate_since_ = now;
    rate_events_ = 0;
  }
  ++running_;
  for (const auto& delivery : deliveries) {
    if (!delivery.event.key.empty()) busy_keys_.insert(delivery.event.key);
  }
}

void Lane::finished(TimePoint now, const std::vector<Delivery>& deliveries) {
  --running_;
  for (const auto& delivery : deliveries) {
    const auto busy = busy_keys_.find(delivery.event.key);
    if (busy != busy_keys_.end()) busy_keys_.erase(busy);
  }
  rate_events_ += deliveries.size();
  const auto passed = now - rate_since_;
  if (passed < std::chrono::milliseconds(200)) return;
  const double seconds = std::chrono::duration<double>(passed).count();
  if (seconds < 10) per_second_ = 0.5 * per_second_ + 0.5 * static_cast<double>(rate_events_) / seconds;
  per_second_ = std::max(per_second_, kSlowest);
  rate_since_ = now;
  rate_events_ = 0;
}

TimePoint Lane::next_slot(TimePoint not_before, const std::string& key) {
  const double speed = bucket_ ? std::min(per_second_, bucket_->per_second()) : per_second_;
  const Duration step{static_cast<int64_t>(1e6 / speed)};
  last_slot_ = std::clamp(last_slot_ + step, not_before, not_before + std::max(kLongestLaneWait, step));
  if (key.empty()) return last_slot_;
  if (outside_.size() >= kKeysOutside) outside_.clear();
  auto& last = outside_[key];
  last = std::max(last_slot_, last + Duration(1));
  return last;
}

bool Lane::waits_outside(const std::string& key, TimePoint now) {
  if (key.empty() || outside_.empty()) return false;
  const auto found = outside_.find(key);
  if (found == outside_.end()) return false;
  if (now < found->second) return true;
  if (now > found->second + kBackWithin) outside_.erase(found);
  return false;
}

}  // namespace schedules
