// begin, and what follows where its answer was lost.
#include "base/codec.h"
#include "base/log.h"
#include "store/crash_note.h"
#include "store/redis/faces.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"

namespace schedules::redis {
namespace {

constexpr size_t kBeginChunk = 1'000;  // about 3 ms of Redis

/// Whether the call may have been carried out all the same.
bool is_lost(Code code) { return code != Code::stale_epoch && code != Code::overloaded && code != Code::disk_full; }

void note_crashes(Event& event, std::string_view times) {
  for (; times.size() >= 8; times.remove_prefix(8)) {
    note_crash(event, from_micros(static_cast<int64_t>(read_be64(times))));
  }
}

}  // namespace

struct Near::Begin {
  BeginRequest request;
  std::string token;
  std::vector<Event> events;
  Done<std::vector<Event>> done;
};

void Near::begin(BeginRequest request, Done<std::vector<Event>> done) {
  if (request.entries.empty()) return done(std::vector<Event>{});
  auto begin = std::make_shared<Begin>();
  begin->request = std::move(request);
  begin->token = shards_.new_token();
  begin->done = std::move(done);
  if (begin->request.epoch == 0) {
    for (const auto& entry : begin->request.entries) shards_.own_claims().asked(entry.id, begin->token);
  }
  begin_chunk(begin, 0);
}

void Near::begin_chunk(const std::shared_ptr<Begin>& begin, size_t from) {
  const auto& entries = begin->request.entries;
  const size_t to = std::min(entries.size(), from + kBeginChunk);
  std::vector<std::string> arguments{std::to_string(begin->request.epoch), begin->token, shards_.options().node_id};
  arguments.reserve(3 + 2 * (to - from));
  for (size_t i = from; i < to; ++i) {
    arguments.emplace_back(entries[i].id.view());
    arguments.push_back(be64(static_cast<uint64_t>(to_micros(entries[i].fire_at))));
  }
  // Not waiting for replicas: a begin that is lost with its server only lets the event be begun again.
  shards_.read(begin->request.shard, begin_script(), std::move(arguments),
               [this, begin, from, to](Result<Reply> reply) {
                 if (!reply)
                   return begin_failed(begin, is_lost(reply.error().code) ? to : from, std::move(reply.error()));
                 for (size_t i = 0; i + 1 < reply->items.size(); i += 2) {
                   auto stored = waiting_of(reply->items[i].text, true);
                   if (!stored) {  // it stays in flight: else it would be offered for ever, and hold up all others
                     log::error("redis.damaged",
                                {{"shard", std::to_string(begin->request.shard)}, {"error", stored.error().detail}});
                     continue;
                   }
                   note_crashes(stored->event, reply->items[i + 1].text);
                   begin->events.push_back(std::move(stored->event));
                 }
                 if (to == begin->request.entries.size()) return begun(*begin);
                 begin_chunk(begin, to);
               });
}

void Near::begun(Begin& begin) {
  if (begin.request.epoch == 0) {
    for (const auto& event : begin.events) shards_.own_claims().begun(event.id, begin.token);
    for (const auto& entry : begin.request.entries) {
      if (std::ranges::find(begin.events, entry.id, &Event::id) == begin.events.end())
        shards_.own_claims().missed(entry.id, begin.token);
    }
  }
  begin.done(std::move(begin.events));
}

// The caller learns nothing of what was begun, so all of it is to be given back.
void Near::begin_failed(const std::shared_ptr<Begin>& begin, size_t sent, Error error) {
  if (begin->request.epoch == 0) {
    for (const auto& entry : begin->request.entries) shards_.own_claims().missed(entry.id, begin->token);
  }
  for (size_t from = 0; from < sent; from += kBeginChunk) {
    Doubt doubt{.shard = begin->request.shard, .epoch = begin->request.epoch, .token = begin->token, .ids = {}};
    for (size_t i = from; i < std::min(sent, from + kBeginChunk); ++i)
      doubt.ids.push_back(begin->request.entries[i].id);
    shards_.doubts().add(std::move(doubt));
  }
  begin->done(fail(std::move(error)));
}

// One after the other; what could not be given back now is tried again before the next window.
void Near::give_back(std::vector<Doubt> doubts, Done<void> done) {
  if (doubts.empty()) return done({});
  auto doubt = std::make_shared<Doubt>(std::move(doubts.back()));
  doubts.pop_back();
  std::vector<std::string> arguments{std::to_string(doubt->epoch), doubt->token,      shards_.now(),
                                     shards_.options().node_id,    shards_.channel(), std::to_string(doubt->shard)};
  for (const auto& id : doubt->ids) arguments.emplace_back(id.view());
  shards_.read(doubt->shard, give_back_script(), std::move(arguments),
               [this, doubt, doubts = std::move(doubts), done = std::move(done)](Result<Reply> reply) mutable {
                 if (!reply && reply.error().code != Code::stale_epoch) {
                   shards_.doubts().add(std::move(*doubt));
                   for (auto& other : doubts) shards_.doubts().add(std::move(other));
                   return done(fail(std::move(reply.error())));
                 }
                 if (reply && reply->integer > 0)
                   log::info("redis.begin_given_back", {{"events", std::to_string(reply->integer)}});
                 give_back(std::move(doubts), std::move(done));
               });
}

}  // namespace schedules::redis
