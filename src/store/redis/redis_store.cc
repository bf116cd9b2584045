#include "store/redis/redis_store.h"

#include <charconv>
#include <map>

#include "store/redis/faces.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"

namespace schedules {
namespace {

constexpr size_t kRecoverPage = 500;

/// "shard fire_at node", as put and change publish it.
struct Wake {
  uint32_t shard = 0;
  int64_t fire_at = 0;
  std::string_view node;
};

std::optional<Wake> read_wake(std::string_view text) {
  Wake wake;
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto read = [&](size_t from, size_t to, auto& into) {
    const auto [end, error] = std::from_chars(text.data() + from, text.data() + to, into);
    return error == std::errc{} && end == text.data() + to;
  };
  if (!read(0, first, wake.shard) || !read(first + 1, second, wake.fire_at)) return std::nullopt;
  wake.node = text.substr(second + 1);
  return wake;
}

class Store final : public RedisStore {
 public:
  Store(const RedisStoreOptions& options, redis::Client& client, const Clock& clock)
      : shards_(options, client, clock) {}

  NearStore& near() override { return near_; }
  EventCatalog& catalog() override { return catalog_; }
  FarGuard& guard() override { return guard_; }

  void on_wake(std::function<void(uint32_t shard, TimePoint fire_at)> woken, std::function<void()> gap) override {
    woken_ = woken;
    shards_.client().subscribe(
        shards_.channel(),
        [woken = std::move(woken), self = shards_.options().node_id](std::string_view text) {
          const auto wake = read_wake(text);
          if (wake && wake->node != self) woken(wake->shard, from_micros(wake->fire_at));
        },
        [this, gap = std::move(gap)] {
          shards_.gate().look([](const Result<void>&) {});  // it may be another server now
          gap();
        });
  }

  void probe(Done<void> done) override {
    near_.give_back(shards_.doubts().take_claims(), [](const Result<void>&) {});
    shards_.gate().look(std::move(done));
  }

  void recover(uint32_t shard, uint64_t epoch, Before before, Done<uint64_t> done) override {
    recover_page({.shard = shard, .epoch = epoch, .before = before, .alive = {}}, std::move(done));
  }

  void recover_claims(uint32_t shard, std::vector<std::string> alive, Done<uint64_t> done) override {
    recover_page({.shard = shard, .epoch = 0, .before = Before::lapsed, .alive = std::move(alive)},
                 [this, shard, done = std::move(done)](Result<uint64_t> moved) mutable {
                   if (moved && *moved > 0 && woken_) woken_(shard, shards_.clock().wall());
                   done(std::move(moved));
                 });
  }

  void put_back(uint64_t filling, std::vector<Event> events, Done<std::vector<PutOutcome>> done) override {
    near_.put_back(filling, std::move(events), std::move(done));
  }

 private:
  struct Recovery {
    uint32_t shard = 0;
    uint64_t epoch = 0;
    Before before = Before::crashed;
    std::vector<std::string> alive;
    std::string from_score = "-inf";
    uint64_t from_sequence = 0;
    uint64_t moved = 0;
  };

  void recover_page(Recovery recovery, Done<uint64_t> done) {
    std::vector<std::string> arguments{std::to_string(recovery.epoch),
                                       shards_.now(),
                                       recovery.before == Before::crashed ? "crashed" : "",
                                       recovery.from_score,
                                       std::to_string(recovery.from_sequence),
                                       std::to_string(kRecoverPage),
                                       shards_.options().node_id,
                                       shards_.process()};
    arguments.insert(arguments.end(), recovery.alive.begin(), recovery.alive.end());
    shards_.read(recovery.shard, redis::recover_script(), std::move(arguments),
                 [this, recovery = std::move(recovery), done = std::move(done)](Result<redis::Reply> reply) mutable {
                   if (!reply) return done(fail(std::move(reply.error())));
                   if (reply->items.size() < 4)
                     return done(fail(Code::corrupt, "a script answered what cannot be read"));
                   const auto seen = static_cast<uint64_t>(reply->items[0].integer);
                   recovery.moved += static_cast<uint64_t>(reply->items[1].integer);
                   give_back_forgotten(recovery.shard, reply->items);
                   if (seen < kRecoverPage) return done(recovery.moved);
                   recovery.from_score = reply->items[2].text;
                   recovery.from_sequence = std::strtoull(reply->items[3].text.c_str(), nullptr, 10) + 1;
                   recover_page(std::move(recovery), std::move(done));
                 });
  }

  /// Claims of this process, of which it knows nothing any more.
  void give_back_forgotten(uint32_t shard, const std::vector<redis::Reply>& items) {
    std::map<std::string, std::vector<EventId>> by_token;
    for (size_t i = 4; i + 1 < items.size(); i += 2) {
      const auto id = redis::id_of(items[i].text);
      if (!shards_.own_claims().knows(id, items[i + 1].text)) by_token[items[i + 1].text].push_back(id);
    }
    std::vector<redis::Doubt> doubts;
    for (auto& [token, ids] : by_token) doubts.push_back({.shard = shard, .token = token, .ids = std::move(ids)});
    near_.give_back(std::move(doubts), [](const Result<void>&) {});  // what fails is a doubt, and tried again
  }

  std::function<void(uint32_t shard, TimePoint fire_at)> woken_;
  redis::Shards shards_;
  redis::Near near_{shards_};
  redis::Catalog catalog_{shards_};
  redis::Guard guard_{shards_};
};

}  // namespace

std::unique_ptr<RedisStore> RedisStore::open(const RedisStoreOptions& options, redis::Client& client,
                                             const Clock& clock) {
  return std::make_unique<Store>(options, client, clock);
}

}  // namespace schedules
