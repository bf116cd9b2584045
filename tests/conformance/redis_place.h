// Opens the Redis near store for the suites: each place has a prefix of its own, and is taken over at each opening.
#pragma once

#include "store/redis/redis_store.h"
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

/// `url`: asked for when a place is made.
EventBackend redis_backend(std::string name, std::function<std::string()> url);

/// A store with its client, which goes first.
struct OpenRedis {
  std::unique_ptr<RedisStore> store;
  std::unique_ptr<redis::Client> client;
  std::string node_id;

  static std::shared_ptr<OpenRedis> open(const std::string& url, RedisStoreOptions options, const Clock& clock,
                                         redis::Options client_options = {});
  /// Gives the shard's lease to this node, as a coordinator does.
  void own(uint32_t shard, uint64_t epoch, const std::string& prefix);
};

/// A prefix that nobody has used.
std::string fresh_prefix();

}  // namespace schedules::testing
