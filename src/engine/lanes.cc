#include "engine/lanes.h"

#include "base/log.h"

namespace schedules {
namespace {

constexpr size_t kLanesKept = 1'000;
constexpr Duration kLongestRest = std::chrono::minutes(2);
// Who found a target down tries first whether it is up; of the others one does, if that one does not.
constexpr Duration kAfterFinder = std::chrono::milliseconds(500);
constexpr Duration kApart = std::chrono::milliseconds(1'500);

}  // namespace

Lane& Lanes::of(Sink& sink, const Event& event) {
  const auto name = fmt::format("{}:{}", sink.name(), sink.lane_of(event));
  auto& lane = lanes_[name];
  if (lane) return *lane;
  lane = std::make_unique<Lane>(name, sink, options_.max_concurrent);
  lane->limit(options_.target_rate, ports_.clock.steady());
  if (const auto found = open_elsewhere_.find(name); found != open_elsewhere_.end()) {
    lane->breaker().rest_until(found->second.until, found->second.between_probes);
    open_elsewhere_.erase(found);
    show(*lane, Breaker::Gate::closed, "another node");
  }
  return *lane;
}

void Lanes::each(const std::function<void(Lane&)>& visit) {
  for (auto& [name, lane] : lanes_) visit(*lane);
}

void Lanes::drop_spare() {
  if (lanes_.size() <= kLanesKept) return;
  for (auto it = lanes_.begin(); it != lanes_.end() && lanes_.size() > kLanesKept;) {
    const bool spare = it->second->idle() && it->second->breaker().gate() == Breaker::Gate::closed;
    it = spare ? lanes_.erase(it) : std::next(it);
  }
}

void Lanes::reconfigured() {
  for (auto& [name, lane] : lanes_) {
    lane->allow(options_.max_concurrent);
    lane->limit(options_.target_rate, ports_.clock.steady());
  }
}

void Lanes::started(Lane& lane) {
  if (lane.breaker().gate() == Breaker::Gate::probing) tell(lane, lane.breaker().rest());
}

void Lanes::ended(Lane& lane, SteadyPoint now, bool succeeded) {
  const auto before = lane.breaker().gate();
  lane.breaker().record(now, succeeded);
  if (lane.breaker().gate() == before) return;
  show(lane, before, "this node");
  const auto next = lane.breaker().next_probe();
  tell(lane, next ? std::optional(*next - now) : std::nullopt);
}

void Lanes::heard(const BreakerNews& news) {
  const auto found = lanes_.find(news.lane);
  Lane* lane = found == lanes_.end() ? nullptr : found->second.get();
  if (!news.open_for) {
    open_elsewhere_.erase(news.lane);
    if (lane == nullptr) return;
    const auto before = lane->breaker().gate();
    lane->breaker().close();
    return show(*lane, before, "another node");
  }
  const SteadyPoint now = ports_.clock.steady();
  const Duration open_for = std::clamp(*news.open_for, Duration{0}, kLongestRest);
  const Duration apart{static_cast<int64_t>(ports_.random.below(static_cast<uint64_t>(kApart.count())))};
  const Rest rest{.until = now + open_for + kAfterFinder + apart, .between_probes = open_for};
  if (lane == nullptr) return remember(news.lane, rest, now);
  const auto before = lane->breaker().gate();
  lane->breaker().rest_until(rest.until, rest.between_probes);
  show(*lane, before, "another node");
}

void Lanes::remember(const std::string& lane, const Rest& rest, SteadyPoint now) {
  std::erase_if(open_elsewhere_, [now](const auto& one) { return one.second.until + kLongestRest < now; });
  if (open_elsewhere_.size() < kLanesKept || open_elsewhere_.contains(lane)) open_elsewhere_[lane] = rest;
}

void Lanes::tell(const Lane& lane, std::optional<Duration> open_for) {
  if (ports_.breakers != nullptr) ports_.breakers->tell({.lane = lane.name(), .open_for = open_for});
}

void Lanes::show(Lane& lane, Breaker::Gate before, const char* found_by) {
  const auto gate = lane.breaker().gate();
  if (gate == before) return;
  const bool open = gate != Breaker::Gate::closed;
  log::warn(open ? "breaker.opened" : "breaker.closed", {{"lane", lane.name()}, {"found_by", found_by}});
  ports_.probe.breaker(lane.name(), open);
}

}  // namespace schedules
