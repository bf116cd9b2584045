#include "cluster/redis/redis_coordinator.h"

#include <condition_variable>
#include <thread>

#include "base/executor.h"
#include "cluster/redis/lease_calls.h"

namespace schedules {
namespace {

/// Wakes the thread of the rounds; outlives it with the answers that may still come.
class Bell {
 public:
  void ring() {
    {
      const std::scoped_lock lock(mutex_);
      rung_ = true;
    }
    heard_.notify_all();
  }
  void wait(Duration longest) {
    std::unique_lock lock(mutex_);
    heard_.wait_for(lock, std::chrono::microseconds(longest), [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable heard_;
  bool rung_ = false;
};

}  // namespace

class RedisCoordinator::Thread {
 public:
  Thread(std::shared_ptr<Rounds> rounds, std::string channel, redis::Client& client, const Clock& clock)
      : rounds_(std::move(rounds)), channel_(std::move(channel)), client_(client), clock_(clock) {}
  ~Thread() {
    rounds_->stop();
    if (thread_.joinable()) thread_.join();
  }

  void start(Changed changed) {
    rounds_->start(std::move(changed), [bell = bell_] { bell->ring(); });
    std::weak_ptr<Rounds> weak = rounds_;
    client_.subscribe(
        channel_,
        [weak](std::string_view node) {
          const auto rounds = weak.lock();
          if (rounds && node != rounds->node_id()) rounds->poke();
        },
        [weak] {
          if (const auto rounds = weak.lock()) rounds->poke();
        });
    thread_ = std::jthread([this] { run(); });
  }

  Rounds& rounds() { return *rounds_; }
  [[nodiscard]] bool running() const { return thread_.joinable(); }

 private:
  void run() {
    name_this_thread("redis-leases");
    for (auto next = rounds_->advance(); next != SteadyPoint::max(); next = rounds_->advance()) {
      bell_->wait(std::max<Duration>(next - clock_.steady(), std::chrono::milliseconds(1)));
    }
  }

  const std::shared_ptr<Rounds> rounds_;
  const std::string channel_;
  redis::Client& client_;
  const Clock& clock_;
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::jthread thread_;
};

RedisCoordinator::RedisCoordinator(RoundsOptions options, std::string prefix, redis::Client& client, RoundsCalls calls,
                                   const Clock& clock) {
  auto store = std::make_unique<cluster_redis::LeaseCalls>(client, std::move(prefix), options.node_id, options.lease);
  auto channel = store->channel();
  auto rounds = std::make_shared<Rounds>(std::move(options), std::move(store), std::move(calls), clock);
  thread_ = std::make_unique<Thread>(std::move(rounds), std::move(channel), client, clock);
}

RedisCoordinator::~RedisCoordinator() = default;

void RedisCoordinator::start(Changed changed) { thread_->start(std::move(changed)); }

std::optional<uint64_t> RedisCoordinator::epoch_of(uint32_t shard) const { return thread_->rounds().epoch_of(shard); }

bool RedisCoordinator::leads() const { return thread_->rounds().leads(); }

void RedisCoordinator::lost(uint32_t shard, uint64_t epoch) { thread_->rounds().lost(shard, epoch); }

void RedisCoordinator::resign(Done<void> done) {
  if (!thread_->running()) return done({});
  thread_->rounds().resign(std::move(done));
}

void RedisCoordinator::view(Done<ClusterView> done) { done(thread_->rounds().view()); }

}  // namespace schedules
