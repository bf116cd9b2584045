#include "engine/transfer_some.h"

#include <memory>

namespace schedules {
namespace {

struct Move {
  EnginePorts& ports;
  ArrivedNear arrived;
  Done<std::vector<bool>> done;
  std::vector<bool> moved;  ///< one per id asked for
  std::vector<FarRevision> found;
  std::vector<WindowEntry> entries;
  SteadyPoint since;
};
using MovePtr = std::shared_ptr<Move>;

void mark(const MovePtr& move) {
  move->ports.far.mark_transferred(move->found, [move](Result<void> marked) {
    if (!marked) return move->done(fail(std::move(marked.error())));
    move->ports.probe.transferred(move->found.size(), move->ports.clock.steady() - move->since);
    move->done(std::move(move->moved));
  });
}

// What is being changed far at this moment stays there.
void leave_held_back(Move& move, const std::vector<PutOutcome>& outcomes) {
  size_t found = 0;
  size_t kept = 0;
  for (size_t i = 0; i < move.moved.size(); ++i) {
    if (!move.moved[i]) continue;
    const size_t at = found++;
    if (outcomes[at].error || outcomes[at].result == PutResult::conflict) {
      move.moved[i] = false;
      continue;
    }
    move.found[kept] = move.found[at];
    move.entries[kept] = move.entries[at];
    ++kept;
  }
  move.found.resize(kept);
  move.entries.resize(kept);
}

void put_near(const MovePtr& move, std::vector<Event> events) {
  move->ports.near.put(std::move(events), PutMode::from_far_store, [move](Result<std::vector<PutOutcome>> outcomes) {
    if (!outcomes) return move->done(fail(std::move(outcomes.error())));
    leave_held_back(*move, *outcomes);
    move->arrived(std::move(move->entries));
    mark(move);
  });
}

}  // namespace

void transfer_some(EnginePorts& ports, std::vector<EventId> ids, ArrivedNear arrived, Done<std::vector<bool>> done) {
  auto move =
      std::make_shared<Move>(Move{ports, std::move(arrived), std::move(done), {}, {}, {}, ports.clock.steady()});
  ports.far_catalog.get(std::move(ids), [move](Result<std::vector<std::optional<StoredEvent>>> stored) {
    if (!stored) return move->done(fail(std::move(stored.error())));
    std::vector<Event> events;
    for (auto& one : *stored) {
      const bool waits_far = one && one->state == State::pending && one->tier == Tier::far;
      move->moved.push_back(waits_far);
      if (!waits_far) continue;
      const Event& event = one->event;
      move->found.push_back(FarRevision{event.id, event.revision});
      move->entries.push_back(
          WindowEntry{event.id, event.fire_at, 0, event.priority, move->ports.near.shard_of(event.id)});
      events.push_back(std::move(one->event));
    }
    if (events.empty()) return move->done(std::move(move->moved));
    if (move->ports.clock.steady() - move->since > kFarReadGood)
      return move->done(fail(Code::unavailable, "the far store took too long"));
    put_near(move, std::move(events));
  });
}

}  // namespace schedules
