#include "tests/conformance/redis_place.h"

#include <unistd.h>

namespace schedules::testing {
namespace {

class RedisPlace final : public EventPlace {
 public:
  explicit RedisPlace(std::string url) : url_(std::move(url)) {}

  EventStores open(const EventStoreSetup& setup, const Clock& clock) override {
    auto opened =
        OpenRedis::open(url_, {.prefix = prefix_, .shards = setup.shards, .dedupe_window = setup.dedupe_window}, clock);
    auto ready = await<void>([&](auto done) { opened->store->probe(std::move(done)); });
    EXPECT_TRUE(ready) << ready.error().detail;
    // The suites call under epoch 1; what was in flight before is taken over as by a later one.
    for (uint32_t shard = 0; shard < opened->store->near().shards(); ++shard) {
      opened->own(shard, 1, prefix_);
      const auto back = await<uint64_t>(
          [&](auto done) { opened->store->recover(shard, 2, RedisStore::Before::crashed, std::move(done)); });
      EXPECT_TRUE(back) << back.error().detail;
    }
    EventStores stores;
    stores.near = &opened->store->near();
    stores.catalog = &opened->store->catalog();
    stores.near_catalog = stores.catalog;
    stores.guard = &opened->store->guard();
    stores.owner = std::move(opened);
    return stores;
  }

 private:
  std::string url_;
  std::string prefix_ = fresh_prefix();
};

}  // namespace

std::string fresh_prefix() {
  static std::atomic<int> count = 0;
  return fmt::format("test:{}:{}:", ::getpid(), ++count);
}

std::shared_ptr<OpenRedis> OpenRedis::open(const std::string& url, RedisStoreOptions options, const Clock& clock,
                                           redis::Options client_options) {
  static const SystemClock system;  // the client's limits of time are real ones
  auto opened = std::make_shared<OpenRedis>();
  opened->client = redis::Client::open(redis::parse_url(url).value(), std::move(client_options), system).value();
  opened->node_id = options.node_id;
  opened->store = RedisStore::open(options, *opened->client, clock);
  return opened;
}

void OpenRedis::own(uint32_t shard, uint64_t epoch, const std::string& prefix) {
  const auto key = fmt::format("{}{{schedules:{}}}:lease", prefix, shard);
  const auto set = await<std::vector<redis::Reply>>([&](auto done) {
    client->run({.key = key, .commands = {{"HSET", key, "epoch", std::to_string(epoch), "owner", node_id}}},
                std::move(done));
  });
  EXPECT_TRUE(set) << set.error().detail;
}

EventBackend redis_backend(std::string name, std::function<std::string()> url) {
  EventBackend backend;
  backend.name = std::move(name);
  backend.make = [url = std::move(url)] { return std::make_unique<RedisPlace>(url()); };
  backend.epochs = true;
  return backend;
}

}  // namespace schedules::testing
