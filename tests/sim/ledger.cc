#include "tests/sim/ledger.h"

#include "time/text.h"

namespace schedules::sim {

void Ledger::accepted(const EventId& id, TimePoint due_at) {
  auto& known = events[id];
  if (known.acked) return;  // an idempotent repeat
  known.acked = true;
  if (!known.due_at) known.due_at = due_at;  // else it was moved, and that was told sooner
}

void Ledger::claim_ends(const EventId& id, bool success) {
  events[id].claimed.reset();
  events[id].worker_may_end = events[id].worker_may_end || success;
}

void Ledger::began(uint32_t shard, uint64_t epoch, uint64_t life) {
  const auto lost = [epoch](const auto& range) { return range.first < epoch && epoch <= range.second; };
  if (epoch == 0 || std::ranges::any_of(lost_epochs_[shard], lost)) return;
  const auto owner = owners_.try_emplace({shard, epoch}, life).first->second;
  if (owner != life) breach(fmt::format("I3: shard {} has two owners under epoch {}", shard, epoch));
}

void Ledger::lost_since(SteadyPoint at) {
  for (auto& [id, known] : events) {
    if (known.touched_at < at || known.excused) continue;
    known.excused = true;
    ++excused;
  }
}

void Ledger::look_at_ends(const testing::MemoryEvents& rows) {
  for (auto& [id, known] : events) {
    const auto* row = rows.look(id);
    known.ended = known.ended && row != nullptr && is_final(row->state);
  }
}

void Ledger::published(const Event& event, const PublishSeen& seen) {
  auto& known = events[event.id];
  check_time(event, seen);
  if (!known.excused) {
    check_repeat(event, known, seen);
    check_revision(event, seen);
    const auto name = event.id.text();
    if (seen.epoch_now && *seen.epoch_now != event.begun_epoch) {
      breach(
          fmt::format("I3: {} published under epoch {}, its shard has {}", name, event.begun_epoch, *seen.epoch_now));
    }
    if (known.cancelled_at && seen.now > *known.cancelled_at) {
      breach(fmt::format("I5: {} published after its cancel was acknowledged", name));
    }
    if (held_by_worker(known, seen)) {
      breach(fmt::format("I5: {} published though a worker holds it", name));
    }
    if (known.acked && !known.change_under_way && event.schedule_id.empty() && event.due_at != *known.due_at) {
      breach(fmt::format("I5: {} published for {}, acknowledged was {}", name, format_time(event.due_at),
                         format_time(*known.due_at)));
    }
  }
  known.publishes.push_back(Published{.at = seen.now, .epoch = event.begun_epoch, .life = seen.life});
}

// A process measures its claims by its steady clock; what it leaves to others they see by their wall clocks, as they see
// what is due.
bool Ledger::held_by_worker(const Known& known, const PublishSeen& seen) const {
  if (!known.claimed || dead_.contains(known.claimed->life)) return false;
  const auto stopped = stopped_.find(known.claimed->life);
  if (stopped == stopped_.end() || known.claimed->until <= stopped->second) return seen.now < known.claimed->until;
  return seen.by_node < known.claimed->told || seen.truly + seen.skew < known.claimed->told;
}

void Ledger::check_time(const Event& event, const PublishSeen& seen) {
  if (seen.by_node < event.due_at) {
    breach(fmt::format("I1: {} published at {} by its node's clock, before it is due at {}", event.id.text(),
                       format_time(seen.by_node), format_time(event.due_at)));
  }
  if (seen.truly + seen.skew < event.due_at) {
    breach(fmt::format("I1: {} published at {} by true time, before it is due at {}", event.id.text(),
                       format_time(seen.truly), format_time(event.due_at)));
  }
}

void Ledger::check_repeat(const Event& event, const Known& known, const PublishSeen& seen) {
  if (known.ended && !(seen.two_may_own && known.ended_by != seen.life)) {
    breach(fmt::format("I4: {} published again after its end was stored", event.id.text()));
  }
  for (const auto& before : known.publishes) {
    if (before.delivered && before.life == seen.life && before.epoch == event.begun_epoch) {
      breach(fmt::format("I4: {} published again though nothing died since it was delivered", event.id.text()));
    }
  }
}

void Ledger::check_revision(const Event& event, const PublishSeen& seen) {
  if (event.schedule_id.empty()) return;
  const auto& schedule = schedules[event.schedule_id];
  if (seen.begun_at <= schedule.revision_acked_at || schedule.edit_under_way) return;
  if (event.schedule_revision < schedule.revision) {
    breach(fmt::format("I5: {} fires revision {} after revision {} was acknowledged", event.id.text(),
                       event.schedule_revision, schedule.revision));
  }
  if (schedule.stopped) breach(fmt::format("I5: {} fires though its schedule was stopped", event.id.text()));
}

void Ledger::check_ends(const testing::MemoryEvents& rows, const testing::MemoryEvents& far_rows,
                        const testing::MemorySchedules& store) {
  for (const auto& [id, known] : events) {
    if (!known.acked) continue;
    const auto* near = rows.look(id);
    const auto* stored = near != nullptr ? near : far_rows.look(id);
    if (known.excused && (stored == nullptr || is_final(stored->state))) continue;
    if (stored == nullptr) {
      breach(fmt::format("I2: {} was acknowledged and is nowhere", id.text()));
      continue;
    }
    if (!is_final(stored->state)) {
      breach(fmt::format("I2: {} was acknowledged and still is {} in the {} store (in flight: {})", id.text(),
                         to_string(stored->state), near != nullptr ? "near" : "far", rows.flight_of(id)));
    }
    const bool delivered = std::ranges::any_of(known.publishes, &Published::delivered);
    if (stored->state == State::fired && !delivered && !known.worker_may_end) {
      breach(fmt::format("I2: {} is said to have fired and was never delivered", id.text()));
    }
    const bool needs_reason = stored->state == State::skipped || stored->state == State::dead;
    if (needs_reason && stored->outcome.reason.empty()) {
      breach(fmt::format("I5: {} is {} without a reason", id.text(), to_string(stored->state)));
    }
    if (stored->state == State::dead && !store.letters.contains(id)) {
      breach(fmt::format("I2: {} is dead and has no letter", id.text()));
    }
  }
}

void Ledger::check_punctual() {
  for (const auto& [id, known] : events) {
    if (!known.fired_by || known.excused) continue;
    const bool punctual = !known.publishes.empty() && known.publishes.front().at <= *known.fired_by;
    if (!punctual) breach(fmt::format("liveness: {} was not published in time though nothing is broken", id.text()));
  }
}

}  // namespace schedules::sim
