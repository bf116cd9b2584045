#include "store/redis/gate.h"

#include <charconv>

#include "base/log.h"

namespace schedules::redis {
namespace {

constexpr std::pair<int, int> kOldest{6, 2};

std::pair<int, int> version_of(std::string_view text) {
  std::pair<int, int> version{0, 0};
  const auto [dot, error] = std::from_chars(text.data(), text.data() + text.size(), version.first);
  if (error == std::errc{} && dot < text.data() + text.size()) {
    std::from_chars(dot + 1, text.data() + text.size(), version.second);
  }
  return version;
}

int64_t number_of(const Reply& reply) {
  int64_t value = 0;
  std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), value);
  return value;
}

}  // namespace

Status check_node(const Node& node) {
  const auto where = fmt::format("Redis at {}:{}", node.address.host, node.address.port);
  if (version_of(node.version) < kOldest) {
    return fail(Code::conflict, "{} has version {}; {}.{} or later is needed", where, node.version, kOldest.first,
                kOldest.second);
  }
  if (node.maxmemory_policy != "noeviction" && !node.maxmemory_policy.empty()) {
    return fail(Code::conflict,
                "{} has maxmemory-policy {}, which may throw events away; set it to noeviction "
                "(CONFIG SET maxmemory-policy noeviction)",
                where, node.maxmemory_policy);
  }
  return {};
}

Gate::Gate(Client& client, const Clock& clock, std::string meta_key, uint32_t shards)
    : client_(client), clock_(clock), meta_key_(std::move(meta_key)), shards_(shards) {}

void Gate::pass(Done<void> done) {
  if (open_.load(std::memory_order_acquire)) return done({});
  look(std::move(done));
}

void Gate::look(Done<void> done) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(done));
    if (std::exchange(looking_, true)) return;
  }
  // The command is there to wait for a connection; the nodes are asked only where one is known already.
  client_.run(Batch{.key = meta_key_, .commands = {{"PING"}}}, [this](Result<std::vector<Reply>> pong) {
    if (!pong) return finish(fail(std::move(pong.error())));
    client_.nodes([this](Result<std::vector<Node>> nodes) { checked(std::move(nodes)); });
  });
}

void Gate::checked(Result<std::vector<Node>> nodes) {
  if (!nodes) return finish(fail(std::move(nodes.error())));
  for (const auto& node : *nodes) {
    if (auto good = check_node(node); !good) return finish(good);
  }
  client_.run(Batch{.key = meta_key_,
                    .commands = {{"HSETNX", meta_key_, "layout", std::to_string(kLayout)},
                                 {"HSETNX", meta_key_, "shards", std::to_string(shards_)},
                                 {"HMGET", meta_key_, "layout", "shards"}}},
              [this](Result<std::vector<Reply>> replies) { meta_read(std::move(replies)); });
}

void Gate::meta_read(Result<std::vector<Reply>> replies) {
  if (!replies) return finish(fail(std::move(replies.error())));
  const auto& items = replies->back().items;
  const int64_t layout = items.size() == 2 ? number_of(items[0]) : 0;
  const int64_t shards = items.size() == 2 ? number_of(items[1]) : 0;
  if (layout > kLayout) {
    return finish(fail(Code::newer_layout, "what is in Redis under {} has layout {}; this version knows {}", meta_key_,
                       layout, kLayout));
  }
  if (layout < 1 || shards < 1 || shards > 1'024) {
    return finish(fail(Code::corrupt, "{} in Redis says layout {} and shards {}", meta_key_, layout, shards));
  }
  if (static_cast<uint32_t>(shards) != shards_) {
    log::warn("redis.shards_recorded", {{"recorded", std::to_string(shards)}, {"asked", std::to_string(shards_)}});
    shards_ = static_cast<uint32_t>(shards);
  }
  if (layout == kLayout) return finish({});
  // The shards' windows take over what an older layout left; programs that know only that one stay out from here on.
  client_.run(
      Batch{.key = meta_key_, .commands = {{"HSET", meta_key_, "layout", std::to_string(kLayout)}}},
      [this](Result<std::vector<Reply>> raised) { finish(raised ? Status{} : fail(std::move(raised.error()))); });
}

void Gate::finish(const Status& status) {
  std::vector<Done<void>> waiting;
  {
    const std::scoped_lock lock(mutex_);
    looking_ = false;
    waiting = std::exchange(waiting_, {});
    // A server that is away says nothing about what is in it.
    if (status || status.error().code != Code::unavailable) open_ = status.has_value();
  }
  for (auto& done : waiting) done(status);
}

}  // namespace schedules::redis
