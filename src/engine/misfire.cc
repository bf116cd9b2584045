#include "engine/misfire.h"

#include <algorithm>

namespace schedules {
namespace {

constexpr Duration kShortestLateAfter = std::chrono::seconds(1);
constexpr size_t kChainsKept = 10'000;

using Decision = Misfires::Decision;

bool planned_late(const Event& event) { return event.fire_at != event.due_at && event.created_at > event.due_at; }

Decision skip(std::string reason) {
  return {.kind = Decision::Kind::skip, .reason = std::move(reason), .missed_count = 0, .at = {}};
}

}  // namespace

// What was begun before and waits again (busy target, retry) is not missed: it was in time once.
bool Misfires::may_concern(const Event& event, TimePoint now) {
  if (!event.nominal_at || event.attempt > 0 || now - event.due_at <= kShortestLateAfter) return false;
  return event.fire_at == event.due_at || planned_late(event);
}

Decision Misfires::judge(const Event& event, const Schedule& schedule, const Recurrence& rule, TimePoint now,
                         size_t place) {
  if (schedule.execution_time) return {};  // a single time fires however late
  if (planned_late(event)) {               // the planner's decision; its part of the outage follows ours
    const auto chain = chains_.find(schedule.id);
    if (chain == chains_.end()) return {};
    if (schedule.catch_up == CatchUp::first) return judge_first(event, rule);
    const uint32_t skipped = chain->second.skipped;
    chains_.erase(chain);
    return {.kind = Decision::Kind::fire, .reason = "", .missed_count = skipped, .at = {}};
  }
  const TimePoint cutoff = now - schedule.late_after;
  if (event.due_at >= cutoff) return {};
  if (event.due_at < now - schedule.catch_up_window) return skip("catch_up_window");
  switch (schedule.catch_up) {
    case CatchUp::last:
      return judge_last(event, schedule, rule, cutoff);
    case CatchUp::first:
      return judge_first(event, rule);
    case CatchUp::skip:
      return skip("misfire");
    case CatchUp::fail:
      return {.kind = Decision::Kind::fail, .reason = "misfire", .missed_count = 0, .at = {}};
    case CatchUp::all:
      break;
  }
  if (place == 0) return {};
  const double wait_s = static_cast<double>(place) / std::max(schedule.catch_up_rate, 0.001);
  return {.kind = Decision::Kind::wait,
          .reason = "catch_up",
          .missed_count = 0,
          .at = now + Duration{static_cast<int64_t>(wait_s * 1e6)}};
}

Decision Misfires::judge_last(const Event& event, const Schedule& schedule, const Recurrence& rule, TimePoint cutoff) {
  const auto next = rule.next(*event.nominal_at);
  const bool planned = next && schedule.planned_until && next->nominal <= *schedule.planned_until;
  const bool spent = !planned && schedule.max_count && schedule.planned_count >= *schedule.max_count;
  if (next && !spent && next->due < cutoff) {
    if (chains_.size() >= kChainsKept) chains_.clear();
    auto& chain = chains_[schedule.id];
    chain.newest = *event.nominal_at;
    ++chain.skipped;
    return skip("misfire");
  }
  const auto chain = chains_.find(schedule.id);
  Decision decision;
  if (chain != chains_.end()) decision.missed_count = chain->second.skipped;
  if (chain != chains_.end()) chains_.erase(chain);
  return decision;
}

Decision Misfires::judge_first(const Event& event, const Recurrence& rule) {
  const auto chain = chains_.find(event.schedule_id);
  bool follows = false;
  if (chain != chains_.end()) {
    const auto next = rule.next(chain->second.newest);
    follows = next && next->nominal >= *event.nominal_at;
  }
  if (chain == chains_.end() && chains_.size() >= kChainsKept) chains_.clear();
  chains_[event.schedule_id].newest = *event.nominal_at;
  return follows ? skip("misfire") : Decision{};
}

}  // namespace schedules
