// What the faces of the store share: keys, the gate, calls of scripts, and answers gathered from several shards. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/event.h"
#include "store/redis/doubts.h"
#include "store/redis/gate.h"
#include "store/redis/own_claims.h"
#include "store/redis/redis_store.h"

namespace schedules::redis {

class Shards {
 public:
  Shards(const RedisStoreOptions& options, Client& client, const Clock& clock);

  [[nodiscard]] uint32_t count() const { return gate_.shards(); }
  [[nodiscard]] uint32_t shard_of(const EventId& id) const;
  [[nodiscard]] std::string base(uint32_t shard) const;
  [[nodiscard]] std::string channel() const { return options_.prefix + "schedules:wake"; }
  [[nodiscard]] const RedisStoreOptions& options() const { return options_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  Client& client() { return client_; }
  Gate& gate() { return gate_; }
  Doubts& doubts() { return doubts_; }
  OwnClaims& own_claims() { return own_claims_; }
  /// Of this process alone, also where an earlier one had the same node id.
  [[nodiscard]] const std::string& process() const { return process_; }
  /// One that no other call has, of whichever node. Begins with process().
  std::string new_token() { return process_ + fmt::format("{:x}", random_->next()); }

  /// Changes wait for replicas where the options say so.
  void change(uint32_t shard, const Script& script, std::vector<std::string> arguments, Done<Reply> done);
  void read(uint32_t shard, const Script& script, std::vector<std::string> arguments, Done<Reply> done);

  /// The first of `count` sequences that nobody of this process has had; about the time in µs, so that they order accepts
  /// across shards and nodes too.
  int64_t take_sequences(size_t count);
  /// Events due up to then are told to the other nodes.
  [[nodiscard]] std::string ahead() const;
  [[nodiscard]] bool is_soon(TimePoint fire_at) const;
  [[nodiscard]] std::string now() const;
  /// Until when an end of now is remembered.
  [[nodiscard]] std::string forget_at() const;

 private:
  RedisStoreOptions options_;
  Client& client_;
  const Clock& clock_;
  Gate gate_;
  std::atomic<int64_t> last_sequence_ = 0;
  Doubts doubts_;
  OwnClaims own_claims_;
  const std::unique_ptr<Random> random_ = system_random();
  const std::string process_ = fmt::format("{:016x}.", random_->next());
};

inline std::string micros_text(TimePoint at) { return std::to_string(to_micros(at)); }

/// Several calls, one answer: `done` is called once after all, with the first error if there was one.
class Gather {
 public:
  Gather(size_t calls, std::move_only_function<void(std::optional<Error>)> done)
      : open_(calls), done_(std::move(done)) {}

  void failed(const Error& error) {
    {
      const std::scoped_lock lock(mutex_);
      if (!error_) error_ = error;
    }
    answered();
  }
  void answered() {
    if (open_.fetch_sub(1) == 1) done_(std::move(error_));
  }

 private:
  std::atomic<size_t> open_;
  std::mutex mutex_;
  std::optional<Error> error_;
  std::move_only_function<void(std::optional<Error>)> done_;
};

inline constexpr size_t kMostBytes = size_t{4} << 20U;  ///< of bodies in one call, about

/// Places among what was asked for, by shard, in chunks of at most `most`, and of kMostBytes where bytes are counted.
struct Chunk {
  uint32_t shard = 0;
  std::vector<size_t> places;
  size_t bytes = 0;
};
template <class Items, class IdOf, class BytesOf>
std::vector<Chunk> chunks_of(const Shards& shards, const Items& items, size_t most, IdOf id_of, BytesOf bytes_of) {
  std::map<uint32_t, size_t> open;
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < items.size(); ++i) {
    const uint32_t shard = shards.shard_of(id_of(items[i]));
    const auto [found, is_new] = open.try_emplace(shard, chunks.size());
    if (!is_new) {
      const auto& chunk = chunks[found->second];
      if (chunk.places.size() >= most || chunk.bytes >= kMostBytes) found->second = chunks.size();
    }
    if (found->second == chunks.size()) chunks.push_back(Chunk{.shard = shard, .places = {}});
    chunks[found->second].places.push_back(i);
    chunks[found->second].bytes += bytes_of(items[i]);
  }
  return chunks;
}
template <class Items, class IdOf>
std::vector<Chunk> chunks_of(const Shards& shards, const Items& items, size_t most, IdOf id_of) {
  return chunks_of(shards, items, most, id_of, [](const auto&) { return size_t{0}; });
}

}  // namespace schedules::redis
