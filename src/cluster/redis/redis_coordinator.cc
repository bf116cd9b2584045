#include "cluster/redis/redis_coordinator.h"

#include <thread>

#include "base/executor.h"
#include "cluster/redis/rounds.h"

namespace schedules {

using cluster_redis::Rounds;

class RedisCoordinator::Thread {
 public:
  Thread(std::shared_ptr<Rounds> rounds, redis::Client& client) : rounds_(std::move(rounds)), client_(client) {}
  ~Thread() {
    rounds_->stop();
    if (thread_.joinable()) thread_.join();
  }

  void start(Changed changed) {
    std::weak_ptr<Rounds> weak = rounds_;
    client_.subscribe(
        rounds_->channel(),
        [weak](std::string_view node) {
          const auto rounds = weak.lock();
          if (rounds && node != rounds->node_id()) rounds->poke();
        },
        [weak] {
          if (const auto rounds = weak.lock()) rounds->poke();
        });
    thread_ = std::jthread([rounds = rounds_, changed = std::move(changed)]() mutable {
      name_this_thread("redis-leases");
      rounds->run(std::move(changed));
    });
  }

  Rounds& rounds() { return *rounds_; }
  [[nodiscard]] bool running() const { return thread_.joinable(); }

 private:
  const std::shared_ptr<Rounds> rounds_;
  redis::Client& client_;
  std::jthread thread_;
};

RedisCoordinator::RedisCoordinator(RedisCoordinatorOptions options, redis::Client& client, Calls calls,
                                   const Clock& clock)
    : thread_(std::make_unique<Thread>(std::make_shared<Rounds>(std::move(options), client, std::move(calls), clock),
                                       client)) {}

RedisCoordinator::~RedisCoordinator() = default;

void RedisCoordinator::start(Changed changed) { thread_->start(std::move(changed)); }

std::optional<uint64_t> RedisCoordinator::epoch_of(uint32_t shard) const { return thread_->rounds().epoch_of(shard); }

bool RedisCoordinator::leads() const { return thread_->rounds().leads(); }

void RedisCoordinator::lost(uint32_t shard) { thread_->rounds().lost(shard); }

void RedisCoordinator::resign(Done<void> done) {
  if (!thread_->running()) return done({});
  thread_->rounds().resign(std::move(done));
}

void RedisCoordinator::view(Done<ClusterView> done) { done(thread_->rounds().view()); }

}  // namespace schedules
