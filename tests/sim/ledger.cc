#include "tests/sim/ledger.h"

#include "time/text.h"

namespace schedules::sim {

void Ledger::accepted(const EventId& id, TimePoint due_at) {
  auto& known = events[id];
  if (known.acked) return;  // an idempotent repeat
  known.acked = true;
  known.due_at = due_at;
}

void Ledger::claimed(const EventId& id, SteadyPoint until, uint64_t life) {
  events[id].claimed_until = until;
  events[id].claim_life = life;
}

void Ledger::claim_ends(const EventId& id, bool success) {
  events[id].claimed_until.reset();
  events[id].worker_may_end = events[id].worker_may_end || success;
}

void Ledger::published(const Event& event, TimePoint wall, SteadyPoint now, SteadyPoint begun_at, uint64_t life) {
  const auto name = event.id.text();
  auto& known = events[event.id];
  if (wall < event.due_at) {
    breach(fmt::format("rule 2: {} published at {}, before it is due at {}", name, format_time(wall),
                       format_time(event.due_at)));
  }
  if (known.cancelled_at && now > *known.cancelled_at) {
    breach(fmt::format("rule 3: {} published after its cancel was acknowledged", name));
  }
  if (known.claimed_until && known.claim_life == life && now < *known.claimed_until) {
    breach(fmt::format("{} published though a worker holds it", name));
  }
  if (known.acked && !known.change_under_way && event.schedule_id.empty() && event.due_at != known.due_at) {
    breach(fmt::format("rule 3: {} published for {}, acknowledged was {}", name, format_time(event.due_at),
                       format_time(known.due_at)));
  }
  for (const auto& before : known.publishes) {
    if (before.delivered && before.life == life) {
      breach(fmt::format("rule 5: {} published again though nothing died since it was delivered", name));
    }
  }
  if (!event.schedule_id.empty()) {
    const auto& schedule = schedules[event.schedule_id];
    const bool begun_after = begun_at > schedule.revision_acked_at;
    if (begun_after && !schedule.edit_under_way && event.schedule_revision < schedule.revision) {
      breach(fmt::format("rule 3: {} fires revision {} after revision {} was acknowledged", name,
                         event.schedule_revision, schedule.revision));
    }
    if (begun_after && !schedule.edit_under_way && schedule.stopped) {
      breach(fmt::format("rule 3: {} fires though its schedule was stopped", name));
    }
  }
  known.publishes.push_back(Published{.at = now, .attempt = event.attempt, .life = life});
}

void Ledger::check_ends(const testing::MemoryEvents& rows, const testing::MemorySchedules& store) {
  for (const auto& [id, known] : events) {
    if (!known.acked) continue;
    const auto* stored = rows.look(id);
    if (stored == nullptr) {
      breach(fmt::format("rule 1: {} was acknowledged and is nowhere", id.text()));
      continue;
    }
    if (!is_final(stored->state)) {
      breach(fmt::format("rule 1: {} was acknowledged and still is {}", id.text(), to_string(stored->state)));
    }
    const bool delivered = std::ranges::any_of(known.publishes, &Published::delivered);
    if (stored->state == State::fired && !delivered && !known.worker_may_end) {
      breach(fmt::format("rule 1: {} is said to have fired and was never delivered", id.text()));
    }
    const bool needs_reason = stored->state == State::skipped || stored->state == State::dead;
    if (needs_reason && stored->outcome.reason.empty()) {
      breach(fmt::format("rule 1: {} is {} without a reason", id.text(), to_string(stored->state)));
    }
    if (stored->state == State::dead && !store.letters.contains(id)) {
      breach(fmt::format("rule 1: {} is dead and has no letter", id.text()));
    }
  }
}

}  // namespace schedules::sim
