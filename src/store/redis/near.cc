#include "base/codec.h"
#include "store/crash_note.h"
#include "store/redis/faces.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"

namespace schedules::redis {
namespace {

// A script call keeps Redis busy for about 3 µs an event.
constexpr size_t kPutChunk = 400;
constexpr size_t kBeginChunk = 1'000;
constexpr size_t kSettleChunk = 400;
constexpr size_t kWindowAtMost = 2'000;

std::string_view name_of(PutMode mode) {
  switch (mode) {
    case PutMode::if_absent: return "if_absent";
    case PutMode::planned: return "planned";
    case PutMode::from_far_store: return "from_far_store";
    case PutMode::redriven: return "redriven";
  }
  return "if_absent";
}

int64_t micros_of(const Reply& reply) { return std::strtoll(reply.text.c_str(), nullptr, 10); }

WindowPage page_of(const Reply& reply, const WindowRequest& request) {
  WindowPage page;
  const auto& items = reply.items;
  for (size_t i = 2; i + 2 < items.size(); i += 3) {
    page.entries.push_back(WindowEntry{.id = id_of_member(items[i].text),
                                       .fire_at = from_micros(micros_of(items[i + 1])),
                                       .sequence = sequence_of(items[i].text),
                                       .priority = static_cast<int8_t>(items[i + 2].integer),
                                       .shard = request.shard});
  }
  if (!items[1].is_nil()) page.next_fire_at = from_micros(micros_of(items[1]));
  page.covered_until = items[0].integer == 0   ? request.until
                       : items[0].integer == 1 ? TimePoint::min()
                                               : *page.next_fire_at - Duration(1);
  return page;
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

}  // namespace

Result<PutOutcome> outcome_of(const Reply& reply) {
  if (reply.kind == Reply::Kind::text) {
    return PutOutcome{.result = PutResult::created, .existing = {}, .sequence = std::strtoull(reply.text.c_str(), nullptr, 10)};
  }
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
  int64_t first_sequence = 0;
  std::vector<PutOutcome> outcomes;
  std::unique_ptr<Gather> gather;
};

void Near::put(std::vector<Event> events, PutMode mode, Done<std::vector<PutOutcome>> done) {
  shards_.gate().pass([this, events = std::move(events), mode, done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    if (events.empty()) return done(std::vector<PutOutcome>{});
    auto put = std::make_shared<Put>();
    put->first_sequence = shards_.take_sequences(events.size());
    put->outcomes.resize(events.size());
    put->mode = mode;
    const auto chunks = chunks_of(shards_, events, kPutChunk, [](const Event& event) { return event.id; });
    put->events = std::move(events);
    put->gather = std::make_unique<Gather>(
        chunks.size(), [put = put.get(), calls = chunks.size(), done = std::move(done)](std::optional<Error> error) mutable {
          if (error && calls == 1) return done(fail(std::move(*error)));
          done(std::move(put->outcomes));
        });
    for (const auto& chunk : chunks) put_chunk(put, chunk);
  });
}

void Near::put_chunk(const std::shared_ptr<Put>& put, const Chunk& chunk) {
  std::vector<std::string> arguments{std::string(name_of(put->mode)), shards_.now(),     shards_.ahead(),
                                     shards_.options().node_id,       shards_.channel(), std::to_string(chunk.shard)};
  arguments.reserve(6 + chunk.places.size() * 4);
  for (const size_t place : chunk.places) {
    const auto& event = put->events[place];
    arguments.emplace_back(event.id.view());
    arguments.push_back(tail_of(event, shards_.options().compress));
    arguments.push_back(micros_text(event.fire_at));
    arguments.push_back(std::to_string(put->first_sequence + static_cast<int64_t>(place)));
  }
  shards_.change(chunk.shard, put_script(), std::move(arguments), [put, chunk](Result<Reply> reply) {
    std::optional<Error> error;
    if (!reply) {
      error = std::move(reply.error());
      for (const size_t place : chunk.places) put->outcomes[place].error = *error;
    } else {
      for (size_t i = 0; i < chunk.places.size(); ++i) {
        auto outcome = outcome_of(reply->items.at(i));
        if (outcome) {
          put->outcomes[chunk.places[i]] = std::move(*outcome);
        } else {
          put->outcomes[chunk.places[i]].error = outcome.error();
        }
      }
    }
    error ? put->gather->failed(*error) : put->gather->answered();
  });
}

void Near::window(WindowRequest request, Done<WindowPage> done) {
  shards_.gate().pass([this, request, done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    std::vector<std::string> arguments{std::to_string(request.epoch), micros_text(request.now), micros_text(request.until),
                                       std::to_string(std::min(request.limit, kWindowAtMost))};
    shards_.read(request.shard, window_script(), std::move(arguments),
                 [request, done = std::move(done)](Result<Reply> reply) mutable {
                   if (!reply) return done(fail(std::move(reply.error())));
                   if (reply->items.size() < 2) return done(fail(Code::corrupt, "a script answered what cannot be read"));
                   done(page_of(*reply, request));
                 });
  });
}

struct Near::Begin {
  BeginRequest request;
  std::vector<Event> events;
  Done<std::vector<Event>> done;
};

void Near::begin(BeginRequest request, Done<std::vector<Event>> done) {
  if (request.entries.empty()) return done(std::vector<Event>{});
  auto begin = std::make_shared<Begin>();
  begin->request = std::move(request);
  begin->done = std::move(done);
  begin_chunk(begin, 0);
}

// One after the other, so that an error leaves nothing begun unanswered but the last chunk of it.
void Near::begin_chunk(const std::shared_ptr<Begin>& begin, size_t from) {
  const auto& entries = begin->request.entries;
  const size_t to = std::min(entries.size(), from + kBeginChunk);
  std::vector<std::string> arguments{std::to_string(begin->request.epoch)};
  for (size_t i = from; i < to; ++i) {
    arguments.emplace_back(entries[i].id.view());
    arguments.push_back(be64(static_cast<uint64_t>(to_micros(entries[i].fire_at))));
  }
  // Not waiting for replicas: a begin that is lost with its server only lets the event be begun again.
  shards_.read(begin->request.shard, begin_script(), std::move(arguments), [this, begin, to](Result<Reply> reply) {
    if (!reply && begin->events.empty()) return begin->done(fail(std::move(reply.error())));
    if (reply) {
      for (size_t i = 0; i + 1 < reply->items.size(); i += 2) {
        auto stored = waiting_of(reply->items[i].text, true);
        if (!stored) return begin->done(fail(std::move(stored.error())));
        const std::string& crashes = reply->items[i + 1].text;
        for (size_t at = 0; at + 8 <= crashes.size(); at += 8) {
          note_crash(stored->event, from_micros(static_cast<int64_t>(read_be64(std::string_view(crashes).substr(at)))));
        }
        begin->events.push_back(std::move(stored->event));
      }
    }
    if (!reply || to == begin->request.entries.size()) return begin->done(std::move(begin->events));
    begin_chunk(begin, to);
  });
}

void Near::settle(std::vector<Settlement> settlements, Done<void> done) {
  if (settlements.empty()) return done({});
  std::map<std::pair<uint32_t, uint64_t>, std::vector<std::vector<std::string>>> calls;
  size_t count = 0;
  const auto now = shards_.now();
  const auto forget_at = shards_.forget_at();
  for (const auto& settlement : settlements) {
    auto& of_shard = calls[{settlement.shard, settlement.epoch}];
    if (of_shard.empty() || of_shard.back().size() >= 3 + kSettleChunk * 6) {
      of_shard.push_back({std::to_string(settlement.epoch), now, forget_at});
      ++count;
    }
    add_settlement(of_shard.back(), settlement, shards_.options().compress);
  }
  const auto gather = std::make_shared<Gather>(count, [done = std::move(done)](std::optional<Error> error) mutable {
    if (error) return done(fail(std::move(*error)));
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
