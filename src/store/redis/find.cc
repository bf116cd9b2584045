// Pages over all shards, in the order (fire_at, sequence, shard). Each round asks every shard for its next few and merges
// them up to where the first of those that have more ends.
#include <algorithm>

#include "store/redis/faces.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"

namespace schedules::redis {
namespace {

constexpr int kRounds = 12;
constexpr size_t kAtLeast = 16;
constexpr int64_t kBeginning = -9'000'000'000'000'000;

struct Place {
  int64_t fire_at = kBeginning;
  uint64_t sequence = 0;
  uint32_t shard = 0;
  auto operator<=>(const Place&) const = default;
};

std::string text_of(const Place& place) {
  return fmt::format("r.{:x}.{:x}.{:x}", static_cast<uint64_t>(place.fire_at), place.sequence, place.shard);
}

std::optional<Place> read_place(const std::string& text) {
  uint64_t fire_at = 0;
  uint64_t sequence = 0;
  uint32_t shard = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "r.%lx.%lx.%x%n", &fire_at, &sequence, &shard, &end) != 3) return std::nullopt;
  const Place place{static_cast<int64_t>(fire_at), sequence, shard};
  if (static_cast<size_t>(end) != text.size() || text_of(place) != text) return std::nullopt;
  return place;
}

struct Candidate {
  Place place;
  std::string value;
  bool in_flight = false;
};

struct Find : std::enable_shared_from_this<Find> {
  explicit Find(Shards& of) : shards(of) {}
  Shards& shards;
  FindRequest request;
  Done<EventPage> done;
  EventPage page;
  std::optional<Place> after;  ///< the last one looked at
  int rounds = kRounds;
  std::mutex mutex;
  std::vector<Candidate> candidates;
  std::optional<Place> horizon;  ///< what is beyond may not be all

  void round() {
    candidates.clear();
    horizon.reset();
    const uint32_t count = shards.count();
    const size_t each = std::clamp(2 * request.limit / count, kAtLeast, size_t{1'000});
    const auto gather = std::make_shared<Gather>(count, [self = shared_from_this()](std::optional<Error> error) {
      if (error) return self->done(fail(std::move(*error)));
      self->merge();
    });
    const Place from = after.value_or(Place{});
    for (uint32_t shard = 0; shard < count; ++shard) {
      std::string skip = "-1";
      if (after) skip = std::to_string(static_cast<int64_t>(from.sequence) - (shard <= from.shard ? 0 : 1));
      shards.read(shard, find_script(), {std::to_string(from.fire_at), skip, std::to_string(each)},
                  [self = shared_from_this(), shard, gather](Result<Reply> reply) {
                    if (!reply) return gather->failed(reply.error());
                    self->take(shard, *reply);
                    gather->answered();
                  });
    }
  }

  void take(uint32_t shard, Reply& reply) {
    const std::scoped_lock lock(mutex);
    auto& items = reply.items;
    for (size_t i = 1; i + 3 < items.size(); i += 4) {
      const Place place{std::strtoll(items[i + 1].text.c_str(), nullptr, 10), sequence_of(items[i].text), shard};
      candidates.push_back(Candidate{place, std::move(items[i + 3].text), items[i + 2].integer == 1});
    }
    if (items.at(0).integer == 0) return;
    const Place& last = candidates.back().place;
    horizon = horizon ? std::min(*horizon, last) : last;
  }

  void merge() {
    std::ranges::sort(candidates, {}, &Candidate::place);
    size_t looked_at = 0;
    for (auto& candidate : candidates) {
      if (horizon && candidate.place > *horizon) break;
      if (page.events.size() >= request.limit) break;
      ++looked_at;
      after = candidate.place;
      if (candidate.value.empty()) continue;
      auto stored = waiting_of(candidate.value, candidate.in_flight);
      if (!stored) return done(fail(std::move(stored.error())));
      if (request.filter.matches(stored->event)) page.events.push_back(std::move(*stored));
    }
    const bool more = looked_at < candidates.size() || horizon;
    if (more && page.events.size() < request.limit && --rounds > 0) return round();
    if (more && after) page.next_cursor = text_of(*after);
    done(std::move(page));
  }
};

}  // namespace

void find_in(Shards& shards, FindRequest request, Done<EventPage> done) {
  auto find = std::make_shared<Find>(shards);
  if (!request.cursor.empty()) {
    find->after = read_place(request.cursor);
    if (!find->after) return done(fail_field(Code::invalid_argument, "cursor", "is none of ours"));
  } else if (request.filter.due_from) {  // nothing fires before it is due
    find->after = Place{to_micros(*request.filter.due_from) - 1, UINT64_MAX >> 12U, UINT32_MAX};
  }
  find->request = std::move(request);
  find->done = std::move(done);
  shards.gate().pass([find](Result<void> open) {
    if (!open) return find->done(fail(std::move(open.error())));
    find->round();
  });
}

}  // namespace schedules::redis
