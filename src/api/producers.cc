#include "api/producers.h"

namespace schedules::api {

void Producers::set_rate(uint64_t events_per_second) {
  const std::scoped_lock lock(mutex_);
  if (rate_ == events_per_second) return;
  rate_ = events_per_second;
  producers_.clear();
}

Status Producers::take(const std::string& producer, size_t events) {
  const std::scoped_lock lock(mutex_);
  if (rate_ == 0) return {};
  const auto now = clock_.steady();
  if (producers_.size() >= kMost) {
    std::erase_if(producers_, [&](const auto& entry) { return entry.second.tokens(now) >= entry.second.per_second(); });
    if (producers_.size() >= kMost) producers_.clear();  // each begins anew: memory is bounded first
  }
  auto& bucket = producers_.try_emplace(producer, static_cast<double>(rate_), now).first->second;
  const auto wait = bucket.wait(now);
  if (wait > std::chrono::microseconds(0)) {
    Error error{.code = Code::rate_limited,
                .detail = fmt::format("{} events a second may be put (schedules_PRODUCER_RATE)", rate_)};
    error.retry_after = std::chrono::ceil<std::chrono::milliseconds>(wait);
    return fail(std::move(error));
  }
  bucket.take(static_cast<double>(events), now);
  return {};
}

}  // namespace schedules::api
