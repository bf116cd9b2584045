#include "store/redis/faces.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"

namespace schedules::redis {
namespace {

// A script call keeps Redis busy for about 13 µs an event.
constexpr size_t kPutChunk = 400;
constexpr size_t kSettleChunk = 400;

std::string_view name_of(PutMode mode) {
  switch (mode) {
    case PutMode::if_absent:
      return "if_absent";
    case PutMode::planned:
      return "planned";
    case PutMode::from_far_store:
      return "from_far_store";
    case PutMode::redriven:
      return "redriven";
  }
  return "if_absent";
}

void add_settlement(std::vector<std::string>& arguments, const Settlement& settlement, bool compress) {
  const auto& event = settlement.event;
  const bool waits = settlement.outcome.state == State::pending;
  arguments.emplace_back(event.id.view());
  arguments.push_back(be64(static_cast<uint64_t>(to_micros(settlement.begun_fire_at))));
  arguments.push_back(be64(event.schedule_revision));
  arguments.emplace_back(1, letter_of(settlement.outcome.state));
  arguments.push_back(waits ? tail_of(event, compress) : ended_value(event, settlement.outcome, compress));
  arguments.push_back(waits ? micros_text(event.fire_at) : "");
}

/// put_script's answer for one that was given that sequence.
Result<PutOutcome> answer_of(const Reply& reply, uint64_t given) {
  if (reply.kind == Reply::Kind::integer) return PutOutcome{.existing = {}, .sequence = given};
  if (reply.kind == Reply::Kind::text) {
    return PutOutcome{.existing = {}, .sequence = std::strtoull(reply.text.c_str(), nullptr, 10)};
  }
  return outcome_of(reply);
}

}  // namespace

Result<PutOutcome> outcome_of(const Reply& reply) {
  if (reply.items.size() != 3) return fail(Code::corrupt, "a script answered what cannot be read");
  PutOutcome outcome{.result = reply.items[0].integer == 1 ? PutResult::exists : PutResult::conflict};
  const int64_t kind = reply.items[2].integer;
  if (kind <= 2) {
    auto stored = kind == 2 ? ended_of(reply.items[1].text) : waiting_of(reply.items[1].text, kind == 1);
    if (!stored) return fail(std::move(stored.error()));
    outcome.existing = std::move(*stored);
  }
  return outcome;
}

struct Near::Put {
  std::vector<Event> events;
  PutMode mode = PutMode::if_absent;
  std::string filling;
  uint64_t first_sequence = 0;
  std::vector<PutOutcome> outcomes;
  std::unique_ptr<Gather> gather;
};

void Near::put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) {
  put(std::move(events), mode, "", std::move(done));
}

void Near::put_back(uint64_t filling, std::vector<Event> events, Done<std::vector<PutOutcome>> done) {
  put(std::move(events), PutMode::if_absent, fmt::format("{} {}", filling, shards_.options().node_id), std::move(done));
}

void Near::put(std::vector<Event> events, PutMode mode, std::string filling, Done<std::vector<PutOutcome>> done) {
  shards_.gate().pass([this, events = std::move(events), mode, filling = std::move(filling),
                       done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    if (events.empty()) return done(std::vector<PutOutcome>{});
    auto put = std::make_shared<Put>();
    put->first_sequence = static_cast<uint64_t>(shards_.take_sequences(events.size()));
    put->outcomes.resize(events.size());
    put->mode = mode;
    put->filling = std::move(filling);
    auto chunks = chunks_of(
        shards_, events, kPutChunk, [](const Event& event) { return event.id; },
        [](const Event& event) { return event.body.size(); });
    put->events = std::move(events);
    for (auto& chunk : chunks) {
      std::ranges::stable_sort(chunk.places, {}, [&](size_t place) { return put->events[place].fire_at; });
    }
    put->gather = std::make_unique<Gather>(chunks.size(), [put = put.get(), calls = chunks.size(),
                                                           done = std::move(done)](std::optional<Error> error) mutable {
      if (error && calls == 1) return done(fail(std::move(*error)));
      done(std::move(put->outcomes));
    });
    for (const auto& chunk : chunks) put_chunk(put, chunk);
  });
}

void Near::put_chunk(const std::shared_ptr<Put>& put, const Chunk& chunk) {
  const auto [lowest, highest] = std::ranges::minmax(chunk.places);
  const auto soonest = put->events[chunk.places.front()].fire_at;
  std::vector<std::string> arguments{std::string(name_of(put->mode)),
                                     shards_.now(),
                                     shards_.is_soon(soonest) ? micros_text(soonest) : "",
                                     shards_.options().node_id,
                                     shards_.channel(),
                                     std::to_string(chunk.shard),
                                     put->filling,
                                     std::to_string(put->first_sequence + lowest),
                                     std::to_string(put->first_sequence + highest)};
  arguments.reserve(arguments.size() + chunk.places.size() * 4);
  for (const size_t place : chunk.places) {
    const auto& event = put->events[place];
    const auto head = be64(put->first_sequence + place);
    arguments.emplace_back(event.id.view());
    arguments.push_back(head + tail_of(event, shards_.options().compress));
    arguments.push_back(micros_text(event.fire_at));
    arguments.push_back(head + std::string(event.id.view()));
  }
  shards_.change(chunk.shard, put_script(), std::move(arguments), [put, chunk](Result<Reply> reply) {
    std::optional<Error> error;
    if (!reply) {
      error = std::move(reply.error());
      for (const size_t place : chunk.places) put->outcomes[place].error = *error;
    } else {
      const bool all_made = reply->kind == Reply::Kind::integer;
      for (size_t i = 0; i < chunk.places.size(); ++i) {
        const size_t place = chunk.places[i];
        auto outcome = answer_of(all_made ? *reply : reply->items.at(i), put->first_sequence + place);
        if (outcome) {
          put->outcomes[place] = std::move(*outcome);
        } else {
          put->outcomes[place].error = outcome.error();
        }
      }
    }
    error ? put->gather->failed(*error) : put->gather->answered();
  });
}

void Near::settle(std::vector<Settlement> settlements, Done<void> done) {
  if (settlements.empty()) return done({});
  std::map<std::pair<uint32_t, uint64_t>, std::vector<std::vector<std::string>>> calls;
  std::map<std::pair<uint32_t, uint64_t>, size_t> open_bytes;
  size_t count = 0;
  const auto now = shards_.now();
  const auto forget_at = shards_.forget_at();
  for (const auto& settlement : settlements) {
    auto& of_shard = calls[{settlement.shard, settlement.epoch}];
    auto& bytes = open_bytes[{settlement.shard, settlement.epoch}];
    if (of_shard.empty() || of_shard.back().size() >= 7 + kSettleChunk * 6 || bytes >= kMostBytes) {
      of_shard.push_back({std::to_string(settlement.epoch), now, forget_at, shards_.options().node_id, shards_.ahead(),
                          shards_.channel(), std::to_string(settlement.shard)});
      bytes = 0;
      ++count;
    }
    add_settlement(of_shard.back(), settlement, shards_.options().compress);
    bytes += settlement.outcome.state == State::pending ? settlement.event.body.size() : 0;
  }
  std::vector<EventId> claims;
  for (const auto& settlement : settlements) {
    if (settlement.epoch == 0) claims.push_back(settlement.event.id);
  }
  const auto gather = std::make_shared<Gather>(
      count, [this, claims = std::move(claims), done = std::move(done)](std::optional<Error> error) mutable {
        if (error) return done(fail(std::move(*error)));
        for (const auto& id : claims) shards_.own_claims().ended(id);
        done({});
      });
  for (auto& [place, of_shard] : calls) {
    for (auto& arguments : of_shard) {
      shards_.read(place.first, settle_script(), std::move(arguments), [gather](const Result<Reply>& reply) {
        reply ? gather->answered() : gather->failed(reply.error());
      });
    }
  }
}

}  // namespace schedules::redis
