// The board of breakers in Redis. P is schedules_REDIS_PREFIX.
//
// clang-format off
//   P{schedules}:breakers  hash     lane → "until node": by then (ms, Redis' clock) nobody should try it; of the last 2 minutes
//   P{schedules}:breakers  channel  a line each: open for (ms) or "up", lane, node id
// clang-format on
//
// The hash is for nodes that come later or have missed messages. It holds 1,000 lanes at most; of more, only those hear that
// listen.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "cluster/breaker_board.h"
#include "redis/client.h"

namespace schedules {

/// Owned by the wiring. The client must outlive it; what is heard comes on the client's thread, until the client ends.
class RedisBreakerBoard final : public BreakerBoard {
 public:
  RedisBreakerBoard(redis::Client& client, const std::string& prefix, std::string node_id)
      : client_(client), key_(prefix + "{schedules}:breakers"), node_id_(std::move(node_id)) {}

  void start(Heard heard) override;
  void tell(BreakerNews news) override;
  /// Each second or so: reads what could not be read when messages may have been missed.
  void look();

 private:
  struct Ear {
    Heard heard;
    std::atomic<bool> behind{false};  ///< something may have been missed and was not read yet
  };
  static void read(redis::Client& client, const std::string& key, const std::string& self,
                   const std::shared_ptr<Ear>& ear);

  redis::Client& client_;
  const std::string key_;
  const std::string node_id_;
  const std::shared_ptr<Ear> ear_ = std::make_shared<Ear>();  ///< the client has it too
};

}  // namespace schedules
