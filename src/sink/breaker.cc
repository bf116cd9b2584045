#include "sink/breaker.h"

#include <algorithm>

namespace schedules {
namespace {

constexpr uint32_t kMinResults = 20;
constexpr Duration kFirstWait = std::chrono::seconds(5);
constexpr Duration kLongestWait = std::chrono::seconds(60);

int64_t second_of(SteadyPoint now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

bool Breaker::allow(SteadyPoint now) {
  if (gate_ == Gate::closed) return true;
  if (gate_ == Gate::probing || now < probe_at_) return false;
  gate_ = Gate::probing;
  return true;
}

void Breaker::record(SteadyPoint now, bool succeeded) {
  if (gate_ == Gate::probing) {
    if (succeeded) {
      *this = Breaker{};
    } else {
      wait_ = std::min(wait_ * 2, kLongestWait);
      gate_ = Gate::open;
      probe_at_ = now + wait_;
    }
    return;
  }
  if (gate_ == Gate::open) return;  // a straggler from before it opened
  const int64_t second = second_of(now);
  auto& slot = seconds_[static_cast<size_t>(second) % seconds_.size()];
  if (slot.at != second) slot = Second{.at = second};
  (succeeded ? slot.succeeded : slot.failed) += 1;
  uint32_t total = 0;
  uint32_t failed = 0;
  for (const auto& one : seconds_) {
    if (one.at <= second - static_cast<int64_t>(seconds_.size())) continue;
    total += one.succeeded + one.failed;
    failed += one.failed;
  }
  if (total >= kMinResults && failed * 2 >= total) trip(now);
}

void Breaker::withdraw() {
  if (gate_ == Gate::probing) gate_ = Gate::open;
}

void Breaker::rest_until(SteadyPoint at, Duration rest) {
  if (gate_ == Gate::probing) return;
  if (gate_ == Gate::closed) trip(SteadyPoint{});
  probe_at_ = std::max(probe_at_, at);
  wait_ = std::clamp(rest, wait_, kLongestWait);
}

std::optional<SteadyPoint> Breaker::next_probe() const {
  if (gate_ == Gate::closed) return std::nullopt;
  return probe_at_;
}

void Breaker::trip(SteadyPoint now) {
  gate_ = Gate::open;
  wait_ = kFirstWait;
  probe_at_ = now + wait_;
  seconds_ = {};
}

}  // namespace schedules
