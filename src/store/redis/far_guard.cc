#include "store/redis/faces.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"

namespace schedules::redis {
namespace {

constexpr size_t kGuardChunk = 500;

}  // namespace

void Guard::claim(std::vector<FarClaim> claims, Done<std::vector<PutOutcome>> done) {
  shards_.gate().pass([this, claims = std::move(claims), done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    if (claims.empty()) return done(std::vector<PutOutcome>{});
    const auto outcomes = std::make_shared<std::vector<PutOutcome>>(claims.size());
    const auto chunks = chunks_of(shards_, claims, kGuardChunk, [](const FarClaim& claim) { return claim.id; });
    const auto gather =
        std::make_shared<Gather>(chunks.size(), [outcomes, done = std::move(done)](std::optional<Error> error) mutable {
          if (error) return done(fail(std::move(*error)));
          done(std::move(*outcomes));
        });
    for (const auto& chunk : chunks) {
      std::vector<std::string> arguments{shards_.now()};
      for (const size_t place : chunk.places) {
        arguments.emplace_back(claims[place].id.view());
        arguments.push_back(be64(claims[place].fingerprint));
        arguments.push_back(micros_text(claims[place].until));
      }
      shards_.change(chunk.shard, claim_script(), std::move(arguments),
                     [gather, outcomes, chunk](const Result<Reply>& reply) {
                       if (!reply) return gather->failed(reply.error());
                       for (size_t i = 0; i < chunk.places.size(); ++i) {
                         const auto& item = reply->items.at(i);
                         if (item.kind == Reply::Kind::integer) continue;  // claimed: as the outcome is made
                         auto outcome = outcome_of(item);
                         if (!outcome) return gather->failed(outcome.error());
                         (*outcomes)[chunk.places[i]] = std::move(*outcome);
                       }
                       gather->answered();
                     });
    }
  });
}

void Guard::hold_back(std::vector<FarRevision> newer, Duration keep, Done<void> done) {
  shards_.gate().pass([this, newer = std::move(newer), keep, done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    if (newer.empty()) return done({});
    const auto chunks = chunks_of(shards_, newer, kGuardChunk, [](const FarRevision& one) { return one.id; });
    const auto gather =
        std::make_shared<Gather>(chunks.size(), [done = std::move(done)](std::optional<Error> error) mutable {
          if (error) return done(fail(std::move(*error)));
          done({});
        });
    for (const auto& chunk : chunks) {
      std::vector<std::string> arguments{shards_.now(), micros_text(shards_.clock().wall() + keep)};
      for (const size_t place : chunk.places) {
        arguments.emplace_back(newer[place].id.view());
        arguments.push_back(be64(newer[place].revision));
      }
      shards_.change(chunk.shard, hold_script(), std::move(arguments), [gather](const Result<Reply>& reply) {
        reply ? gather->answered() : gather->failed(reply.error());
      });
    }
  });
}

void Guard::cancel(std::vector<StoredEvent> ended, Done<std::vector<Changed>> done) {
  shards_.gate().pass([this, ended = std::move(ended), done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    if (ended.empty()) return done(std::vector<Changed>{});
    const auto wanted = std::make_shared<std::vector<StoredEvent>>(std::move(ended));
    const auto changed = std::make_shared<std::vector<Changed>>(wanted->size());
    const auto chunks = chunks_of(shards_, *wanted, kGuardChunk, [](const StoredEvent& one) { return one.event.id; });
    const auto gather =
        std::make_shared<Gather>(chunks.size(), [changed, done = std::move(done)](std::optional<Error> error) mutable {
          if (error) return done(fail(std::move(*error)));
          done(std::move(*changed));
        });
    for (const auto& chunk : chunks) {
      std::vector<std::string> arguments{shards_.now(), shards_.forget_at()};
      for (const size_t place : chunk.places) {
        const auto& one = (*wanted)[place];
        arguments.emplace_back(one.event.id.view());
        arguments.push_back(ended_value(one.event, one.outcome, shards_.options().compress));
      }
      shards_.change(chunk.shard, far_cancel_script(), std::move(arguments),
                     [gather, changed, wanted, chunk](const Result<Reply>& reply) {
                       if (!reply) return gather->failed(reply.error());
                       for (size_t i = 0; i < chunk.places.size(); ++i) {
                         const size_t place = chunk.places[i];
                         auto one = changed_of(reply->items.at(i * 2).integer, reply->items.at(i * 2 + 1).text);
                         if (!one) return gather->failed(one.error());
                         if (one->result == ChangeResult::done) one->current = (*wanted)[place];
                         (*changed)[place] = std::move(*one);
                       }
                       gather->answered();
                     });
    }
  });
}

}  // namespace schedules::redis
