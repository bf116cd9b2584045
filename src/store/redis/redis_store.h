// Near events in Redis: one server, one behind Sentinels, or a Cluster (layout.md). Any number of nodes share it; whose shard it
// is, the epochs say (cluster/redis). Calls while the server is away answer unavailable; it is found again without help.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "redis/client.h"
#include "store/event_catalog.h"
#include "store/far_guard.h"
#include "store/near_store.h"

namespace schedules {

struct RedisStoreOptions {
  std::string prefix = "stufio:";
  uint32_t shards = 16;  ///< of a new store; else what it has
  std::string node_id = "node";
  Duration dedupe_window = std::chrono::hours(24);
  Duration lookahead = std::chrono::seconds(10);  ///< other nodes are told of what is put this close to being due
  uint32_t wait_replicas = 0;                     ///< that must have a change before it is answered
  bool compress = false;
};

class RedisStore {
 public:
  /// Never waits for the server. The client and the clock must outlive the store, and the client must have answered
  /// everything before the store goes: destroy the client first.
  static std::unique_ptr<RedisStore> open(const RedisStoreOptions& options, redis::Client& client, const Clock& clock);
  virtual ~RedisStore() = default;

  virtual NearStore& near() = 0;
  virtual EventCatalog& catalog() = 0;  ///< of the near tier
  virtual FarGuard& guard() = 0;

  /// Once, before any call. `woken`: at this time something is due in the shard that its owner has not seen come: another node
  /// put it, or a claim has ended. Only what is due within the look-ahead is told, and messages may be lost: an owner looks at
  /// its shards every few seconds besides, each time within the look-ahead. `gap`: some may have been missed. On the client's
  /// thread.
  virtual void on_wake(std::function<void(uint32_t shard, TimePoint fire_at)> woken, std::function<void()> gap) = 0;
  /// Whether the server answers and may be used; for health. Errors as of calls.
  virtual void probe(Done<void> done) = 0;
  /// What owners before `epoch` had begun waits again, each with its crash noted where they `crashed`. Answers how many.
  enum class Before : uint8_t { crashed, lapsed };
  virtual void recover(uint32_t shard, uint64_t epoch, Before before, Done<uint64_t> done) = 0;
  /// What nodes that are not in `alive`, or earlier processes under our own node id, had claimed for workers (begun under no
  /// epoch) waits again. Answers how many.
  virtual void recover_claims(uint32_t shard, std::vector<std::string> alive, Done<uint64_t> done) = 0;
  /// As put if_absent, of events that were lost here; while their shards are filled by the owner of this epoch
  /// (store/journal_marks.h). Errors: conflict, where they are not.
  virtual void put_back(uint64_t filling, std::vector<Event> events, Done<std::vector<PutOutcome>> done) = 0;
};

}  // namespace schedules
