#include "store/redis/faces.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"

namespace schedules::redis {
namespace {

constexpr size_t kCancelChunk = 500;
constexpr size_t kLookChunk = 100;  // of whole events
constexpr int kCancelTries = 8;
constexpr int kMostLeaves = 4'000;  // of a shard that one count by slots looks at, of up to 60 events each

Error unreadable() {
  return Error{.code = Code::corrupt, .detail = "a script answered what cannot be read", .field = ""};
}

}  // namespace

Result<Changed> changed_of(int64_t kind, const std::string& value) {
  if (kind == 0) return Changed{ChangeResult::done, std::nullopt};
  if (kind == 3) return Changed{ChangeResult::not_found, std::nullopt};
  auto stored = kind == 2 ? ended_of(value) : waiting_of(value, kind == 1);
  if (!stored) return fail(std::move(stored.error()));
  const auto result = kind == 1   ? ChangeResult::in_flight
                      : kind == 2 ? ChangeResult::already_finished
                                  : ChangeResult::revision_conflict;
  return Changed{result, std::move(*stored)};
}

void Catalog::get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) {
  shards_.gate().pass([this, ids = std::move(ids), done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    if (ids.empty()) return done(std::vector<std::optional<StoredEvent>>{});
    const auto found = std::make_shared<std::vector<std::optional<StoredEvent>>>(ids.size());
    const auto chunks = chunks_of(shards_, ids, kLookChunk, [](const EventId& id) { return id; });
    const auto gather =
        std::make_shared<Gather>(chunks.size(), [found, done = std::move(done)](std::optional<Error> error) mutable {
          if (error) return done(fail(std::move(*error)));
          done(std::move(*found));
        });
    for (const auto& chunk : chunks) {
      std::vector<std::string> arguments{shards_.now()};
      for (const size_t place : chunk.places) arguments.emplace_back(ids[place].view());
      shards_.read(chunk.shard, look_script(), std::move(arguments),
                   [gather, found, chunk](const Result<Reply>& reply) {
                     if (!reply) return gather->failed(reply.error());
                     if (reply->items.size() != chunk.places.size() * 2) return gather->failed(unreadable());
                     for (size_t i = 0; i < chunk.places.size(); ++i) {
                       const int64_t kind = reply->items[i * 2 + 1].integer;
                       if (kind == 3) continue;
                       const auto& value = reply->items[i * 2].text;
                       auto stored = kind == 2 ? ended_of(value) : waiting_of(value, kind == 1);
                       if (!stored) return gather->failed(stored.error());
                       (*found)[chunk.places[i]] = std::move(*stored);
                     }
                     gather->answered();
                   });
    }
  });
}

// Looks, packs the end of what is there, and drops just that; what changed in between is looked at again.
struct Catalog::Cancel {
  std::vector<CancelRequest> requests;
  std::vector<size_t> open;         ///< places not decided yet
  std::vector<std::string> values;  ///< by place: as looked at
  std::vector<std::string> ended;   ///< by place: what it would become
  std::vector<Changed> changed;
  int tries = kCancelTries;
  Done<std::vector<Changed>> done;
};

void Catalog::cancel(std::vector<CancelRequest> requests, Done<std::vector<Changed>> done) {
  shards_.gate().pass([this, requests = std::move(requests), done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    auto cancel = std::make_shared<Cancel>();
    cancel->changed.resize(requests.size());
    cancel->values.resize(requests.size());
    cancel->ended.resize(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) cancel->open.push_back(i);
    cancel->requests = std::move(requests);
    cancel->done = std::move(done);
    look_for_cancel(cancel);
  });
}

void Catalog::look_for_cancel(const std::shared_ptr<Cancel>& cancel) {
  if (cancel->open.empty()) return cancel->done(std::move(cancel->changed));
  if (cancel->tries-- == 0) return cancel->done(fail(Code::overloaded, "the event is changed again and again"));
  const auto open = cancel->open;
  const auto chunks = chunks_of(shards_, open, kLookChunk, [&](size_t place) { return cancel->requests[place].id; });
  const auto gather = std::make_shared<Gather>(chunks.size(), [this, cancel](std::optional<Error> error) {
    if (error) return cancel->done(fail(std::move(*error)));
    drop(cancel);
  });
  for (const auto& chunk : chunks) {
    std::vector<std::string> arguments{shards_.now()};
    for (const size_t i : chunk.places) arguments.emplace_back(cancel->requests[open[i]].id.view());
    shards_.read(chunk.shard, look_script(), std::move(arguments), [gather, cancel, chunk, open](Result<Reply> reply) {
      if (!reply) return gather->failed(reply.error());
      if (reply->items.size() != chunk.places.size() * 2) return gather->failed(unreadable());
      for (size_t i = 0; i < chunk.places.size(); ++i) {
        const size_t place = open[chunk.places[i]];
        const int64_t kind = reply->items[i * 2 + 1].integer;
        auto& value = reply->items[i * 2].text;
        auto changed = changed_of(kind == 0 ? 4 : kind, value);
        if (!changed) return gather->failed(changed.error());
        const auto& wanted = cancel->requests[place];
        cancel->changed[place] = std::move(*changed);
        cancel->ended[place].clear();
        if (kind != 0) continue;
        const auto& event = cancel->changed[place].current->event;
        if (wanted.if_revision && *wanted.if_revision != event.revision) continue;
        const Outcome outcome{
            .state = State::cancelled, .at = wanted.at, .settled_at = wanted.at, .reason = wanted.reason};
        cancel->ended[place] = ended_value(event, outcome, false);
        cancel->values[place] = std::move(value);
      }
      gather->answered();
    });
  }
}

void Catalog::drop(const std::shared_ptr<Cancel>& cancel) {
  std::vector<size_t> wanted;
  for (const size_t place : cancel->open) {
    if (!cancel->ended[place].empty()) wanted.push_back(place);
  }
  cancel->open.clear();
  if (wanted.empty()) return cancel->done(std::move(cancel->changed));
  const auto chunks =
      chunks_of(shards_, wanted, kCancelChunk, [&](size_t place) { return cancel->requests[place].id; });
  const auto gather = std::make_shared<Gather>(chunks.size(), [this, cancel](std::optional<Error> error) {
    if (error) return cancel->done(fail(std::move(*error)));
    look_for_cancel(cancel);
  });
  const auto again = std::make_shared<std::mutex>();
  for (const auto& chunk : chunks) {
    std::vector<std::string> arguments{shards_.now(), shards_.forget_at()};
    for (const size_t i : chunk.places) {
      const size_t place = wanted[i];
      const std::string& value = cancel->values[place];
      arguments.emplace_back(cancel->requests[place].id.view());
      arguments.push_back(value.substr(0, 8) + value.substr(9, 8));
      arguments.push_back(value.substr(17, 8));
      arguments.push_back(cancel->ended[place]);
    }
    shards_.change(chunk.shard, drop_script(), std::move(arguments),
                   [gather, cancel, chunk, wanted, again](const Result<Reply>& reply) {
                     if (!reply) return gather->failed(reply.error());
                     for (size_t i = 0; i < chunk.places.size(); ++i) {
                       const size_t place = wanted[chunk.places[i]];
                       const int64_t kind = reply->items.at(i * 2).integer;
                       if (kind == 4) {
                         const std::scoped_lock lock(*again);
                         cancel->open.push_back(place);
                         continue;
                       }
                       auto changed = kind == 0 ? Result<Changed>(Changed{ChangeResult::done, {}})
                                                : changed_of(kind, reply->items.at(i * 2 + 1).text);
                       if (!changed) return gather->failed(changed.error());
                       if (kind == 0) {
                         auto ended = ended_of(cancel->ended[place]);
                         if (ended) changed->current = std::move(*ended);
                       }
                       cancel->changed[place] = std::move(*changed);
                     }
                     gather->answered();
                   });
  }
}

void Catalog::change(std::vector<Event> events, Done<std::vector<Changed>> done) {
  shards_.gate().pass([this, events = std::move(events), done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    if (events.empty()) return done(std::vector<Changed>{});
    const auto after = std::make_shared<std::vector<Event>>(std::move(events));
    for (auto& event : *after) ++event.revision;
    const auto changed = std::make_shared<std::vector<Changed>>(after->size());
    const auto chunks = chunks_of(
        shards_, *after, kCancelChunk, [](const Event& event) { return event.id; },
        [](const Event& event) { return event.body.size(); });
    const auto gather =
        std::make_shared<Gather>(chunks.size(), [changed, done = std::move(done)](std::optional<Error> error) mutable {
          if (error) return done(fail(std::move(*error)));
          done(std::move(*changed));
        });
    const int64_t sequence = shards_.take_sequences(after->size());
    for (const auto& chunk : chunks) {
      std::vector<std::string> arguments{shards_.now(), shards_.ahead(), shards_.options().node_id, shards_.channel(),
                                         std::to_string(chunk.shard)};
      for (const size_t place : chunk.places) {
        const auto& event = (*after)[place];
        arguments.emplace_back(event.id.view());
        arguments.push_back(be64(event.revision - 1));
        arguments.push_back(tail_of(event, shards_.options().compress));
        arguments.push_back(micros_text(event.fire_at));
        arguments.push_back(std::to_string(sequence + static_cast<int64_t>(place)));
      }
      shards_.change(chunk.shard, change_script(), std::move(arguments),
                     [gather, changed, after, chunk](const Result<Reply>& reply) {
                       if (!reply) return gather->failed(reply.error());
                       for (size_t i = 0; i < chunk.places.size(); ++i) {
                         const size_t place = chunk.places[i];
                         auto one = changed_of(reply->items.at(i * 2).integer, reply->items.at(i * 2 + 1).text);
                         if (!one) return gather->failed(one.error());
                         if (one->result == ChangeResult::done) one->current = StoredEvent{.event = (*after)[place]};
                         (*changed)[place] = std::move(*one);
                       }
                       gather->answered();
                     });
    }
  });
}

void Catalog::counts(Done<TierCounts> done) {
  shards_.gate().pass([this, done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    struct Sum {
      std::mutex mutex;
      TierCounts counts;
    };
    const auto sum = std::make_shared<Sum>();
    const uint32_t count = shards_.count();
    const auto gather =
        std::make_shared<Gather>(count, [sum, done = std::move(done)](std::optional<Error> error) mutable {
          if (error) return done(fail(std::move(*error)));
          done(sum->counts);
        });
    for (uint32_t shard = 0; shard < count; ++shard) {
      shards_.read(shard, counts_script(), {shards_.now()}, [gather, sum](const Result<Reply>& reply) {
        if (!reply) return gather->failed(reply.error());
        const auto& items = reply->items;
        {
          const std::scoped_lock lock(sum->mutex);
          sum->counts.pending += static_cast<uint64_t>(items.at(0).integer);
          sum->counts.in_flight += static_cast<uint64_t>(items.at(1).integer);
          sum->counts.remembered += static_cast<uint64_t>(items.at(2).integer);
          if (!items.at(3).text.empty()) {
            const auto first = from_micros(std::strtoll(items[3].text.c_str(), nullptr, 10));
            auto& next = sum->counts.next_fire_at;
            next = next ? std::min(*next, first) : first;
          }
        }
        gather->answered();
      });
    }
  });
}

void Catalog::count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) {
  shards_.gate().pass([this, slots, done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    struct Sum {
      std::mutex mutex;
      std::vector<SlotCount> counts;
    };
    const auto sum = std::make_shared<Sum>();
    sum->counts.resize(slots.count);
    const uint32_t count = shards_.count();
    const auto gather =
        std::make_shared<Gather>(count, [sum, done = std::move(done)](std::optional<Error> error) mutable {
          if (error) return done(fail(std::move(*error)));
          done(std::move(sum->counts));
        });
    const std::vector<std::string> arguments{micros_text(slots.from), std::to_string(slots.width.count()),
                                             std::to_string(slots.count), std::to_string(kMostLeaves)};
    for (uint32_t shard = 0; shard < count; ++shard) {
      shards_.read(shard, slots_script(), arguments, [gather, sum](const Result<Reply>& reply) {
        if (!reply) return gather->failed(reply.error());
        {
          const std::scoped_lock lock(sum->mutex);
          auto& counts = sum->counts;
          if (reply->items.size() != counts.size() + 1) return gather->failed(unreadable());
          const auto cut = static_cast<size_t>(reply->items.back().integer);
          for (size_t slot = 0; slot < counts.size(); ++slot) {
            counts[slot].count += static_cast<uint64_t>(reply->items[slot].integer);
            counts[slot].more = counts[slot].more || slot >= cut;
          }
        }
        gather->answered();
      });
    }
  });
}

void Catalog::find(FindRequest request, Done<EventPage> done) { find_in(shards_, std::move(request), std::move(done)); }

}  // namespace schedules::redis
