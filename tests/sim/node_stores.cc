#include "tests/sim/node_stores.h"

namespace schedules::sim {

// An embedded store's begin is never in doubt: it dies with its process.
void NodeEvents::begin(BeginRequest request, Done<std::vector<Event>> done) {
  const testing::FlightMark mark{
      .epoch = request.epoch, .token = fmt::format("{}.{}", link_.life, ++begins_), .node = link_.name};
  redis::Doubt doubt{.shard = request.shard, .epoch = request.epoch, .token = mark.token, .ids = {}};
  for (const auto& entry : request.entries) {
    doubt.ids.push_back(entry.id);
    if (request.epoch == 0) own_claims_->asked(entry.id, mark.token);
  }
  call<std::vector<Event>>(
      world_, link_, link_.remote ? Answers::may_lie : Answers::truly,
      [this, doubt = std::move(doubt), done = std::move(done)](Result<std::vector<Event>> begun) mutable {
        if (doubt.epoch == 0) {
          for (const auto& id : doubt.ids) own_claims_->missed(id, doubt.token);
          for (const auto& event : begun.value_or(std::vector<Event>{})) own_claims_->begun(event.id, doubt.token);
        }
        if (!begun && begun.error().code != Code::stale_epoch && link_.remote) doubts_->add(std::move(doubt));
        done(std::move(begun));
      },
      [this, mark, request = std::move(request), life = link_.life]() mutable -> Result<std::vector<Event>> {
        auto begun = rows_.begin_as(mark, request);
        if (!begun) return begun;
        ledger_.began(request.shard, request.epoch, life);
        for (const auto& event : *begun) {
          ledger_.touched(event.id, world_.truth.steady());
          if (life == link_.life) begun_at[event.id] = world_.truth.steady();
        }
        return begun;
      });
}

void NodeEvents::give_back(std::vector<redis::Doubt> doubts, Done<void> done) {
  if (doubts.empty()) return done({});
  const auto doubt = doubts.back();
  doubts.pop_back();
  call<void>(
      world_, link_, Answers::may_lie,
      [this, doubt, doubts = std::move(doubts), done = std::move(done)](Result<void> given) mutable {
        if (!given && given.error().code != Code::stale_epoch) {
          doubts_->add(doubt);
          for (auto& other : doubts) doubts_->add(std::move(other));
          return done(fail(std::move(given.error())));
        }
        give_back(std::move(doubts), std::move(done));
      },
      [this, doubt]() -> Result<void> {
        world_.count("begins_given_back");
        for (const auto& id : doubt.ids) ledger_.touched(id, world_.truth.steady());
        return rows_.give_back(doubt.shard, {.epoch = doubt.epoch, .token = doubt.token, .node = link_.name},
                               doubt.ids);
      });
}

void NodeEvents::settle(std::vector<Settlement> settlements, Done<void> done) {
  std::vector<EventId> ids;
  std::vector<EventId> claims;
  for (const auto& settlement : settlements) {
    ids.push_back(settlement.event.id);
    if (settlement.epoch == 0) claims.push_back(settlement.event.id);
  }
  write<void>(
      ids,
      [this, claims = std::move(claims), done = std::move(done)](Result<void> settled) mutable {
        for (size_t i = 0; settled && i < claims.size(); ++i) own_claims_->ended(claims[i]);
        done(std::move(settled));
      },
      [this, ids, settlements = std::move(settlements), life = link_.life]() mutable -> Result<void> {
        auto settled = rows_.settle_as(link_.name, settlements);
        for (const auto& id : ids) {
          const auto* row = rows_.look(id);
          if (settled && row != nullptr && is_final(row->state)) ledger_.ended(id, life);
        }
        return settled;
      });
}

void NodeEvents::recover(uint32_t shard, uint64_t epoch, bool crashed, Done<void> done) {
  write<void>({}, std::move(done), [this, shard, epoch, crashed]() -> Result<void> {
    rows_.recover(shard, {.epoch = epoch, .token = "", .node = link_.name}, crashed);
    return {};
  });
}

void NodeEvents::recover_claims(uint32_t shard, std::vector<std::string> alive, Done<void> done) {
  write<void>({}, std::move(done), [this, shard, alive = std::move(alive), self = self()]() -> Result<void> {
    const auto knows = [this](const EventId& id, const std::string& token) { return own_claims_->knows(id, token); };
    for (const auto& id : rows_.recover_claims(shard, alive, self, knows)) {
      world_.say(fmt::format("{} gives back the claim of {}", self.node, id.text()));
      ledger_.claim_given_back(id, world_.truth.steady());
    }
    return {};
  });
}

}  // namespace schedules::sim
