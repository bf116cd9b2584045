#include "store/redis/shards.h"

namespace schedules::redis {

Shards::Shards(const RedisStoreOptions& options, Client& client, const Clock& clock)
    : options_(options),
      client_(client),
      clock_(clock),
      gate_(client, clock, options.prefix + "{schedules}:meta", options.shards) {}

uint32_t Shards::shard_of(const EventId& id) const { return static_cast<uint32_t>(stable_hash(id.view()) % count()); }

std::string Shards::base(uint32_t shard) const { return fmt::format("{}{{schedules:{}}}:", options_.prefix, shard); }

void Shards::change(uint32_t shard, const Script& script, std::vector<std::string> arguments, Done<Reply> done) {
  client_.call(Call{.script = &script,
                    .keys = {base(shard)},
                    .arguments = std::move(arguments),
                    .wait_replicas = options_.wait_replicas},
               std::move(done));
}

void Shards::read(uint32_t shard, const Script& script, std::vector<std::string> arguments, Done<Reply> done) {
  client_.call(Call{.script = &script, .keys = {base(shard)}, .arguments = std::move(arguments)}, std::move(done));
}

int64_t Shards::take_sequences(size_t count) {
  const int64_t now = to_micros(clock_.wall());
  int64_t last = last_sequence_.load();
  int64_t first = 0;
  do {
    first = std::max(last + 1, now);
  } while (!last_sequence_.compare_exchange_weak(last, first + static_cast<int64_t>(count) - 1));
  return first;
}

std::string Shards::ahead() const { return micros_text(clock_.wall() + options_.lookahead); }
bool Shards::is_soon(TimePoint fire_at) const { return fire_at <= clock_.wall() + options_.lookahead; }
std::string Shards::now() const { return micros_text(clock_.wall()); }
std::string Shards::forget_at() const { return micros_text(clock_.wall() + options_.dedupe_window); }

}  // namespace schedules::redis
