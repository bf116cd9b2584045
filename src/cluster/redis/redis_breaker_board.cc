#include "cluster/redis/redis_breaker_board.h"

#include <charconv>

#include "base/log.h"

namespace schedules {
namespace {

using redis::Reply;
using redis::Script;

constexpr std::string_view kUp = "up";

// lane, node, open for (ms) or 'up'. Not where memory is short: then only those hear that listen.
const Script& tell_script() {
  static const Script it(R"lua(
local call, key, lane, open_for = redis.call, KEYS[1], ARGV[1], ARGV[3]
if open_for == 'up' then
  call('HDEL', key, lane)
elseif call('HEXISTS', key, lane) == 1 or call('HLEN', key) < 1000 then
  local clock = call('TIME')
  local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  redis.pcall('HSET', key, lane, string.format('%.0f', now + tonumber(open_for)) .. ' ' .. ARGV[2])
end
call('PUBLISH', key, open_for .. '\n' .. lane .. '\n' .. ARGV[2])
return 1
)lua");
  return it;
}

// node → (lane, ms that are left)… of others; those of long ago go: who told of them does not try any more.
const Script& read_script() {
  static const Script it(R"lua(
local call, key = redis.call, KEYS[1]
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local all, answer = call('HGETALL', key), {}
for i = 1, #all, 2 do
  local till, node = string.match(all[i + 1], '^(%d+) (.*)$')
  local left = tonumber(till or '0') - now
  if left < -120000 then
    call('HDEL', key, all[i])
  elseif node ~= ARGV[1] then
    answer[#answer + 1] = all[i]
    answer[#answer + 1] = math.max(left, 0)
  end
end
return answer
)lua");
  return it;
}

/// open_for_ms, lane, node, a line each; nothing of our own.
std::optional<BreakerNews> news_of(std::string_view text, std::string_view self) {
  const auto first = text.find('\n');
  const auto last = text.rfind('\n');
  if (first == std::string_view::npos || first == last || text.substr(last + 1) == self) return std::nullopt;
  const auto word = text.substr(0, first);
  BreakerNews news{.lane = std::string(text.substr(first + 1, last - first - 1)), .open_for = std::nullopt};
  if (word == kUp) return news;
  int64_t ms = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), ms);
  if (error != std::errc{} || end != word.data() + word.size() || ms < 0) return std::nullopt;
  news.open_for = std::chrono::milliseconds(ms);
  return news;
}

}  // namespace

void RedisBreakerBoard::start(Heard heard) {
  ear_->heard = std::move(heard);
  client_.subscribe(
      key_,
      [ear = ear_, self = node_id_](std::string_view text) {
        if (auto news = news_of(text, self)) ear->heard(std::move(*news));
      },
      [ear = ear_, &client = client_, key = key_, self = node_id_] {
        ear->behind = true;
        read(client, key, self, ear);
      });
}

void RedisBreakerBoard::look() {
  if (ear_->behind) read(client_, key_, node_id_, ear_);
}

// Where it fails it is still owed: what listens may be back before what calls is.
void RedisBreakerBoard::read(redis::Client& client, const std::string& key, const std::string& self,
                             const std::shared_ptr<Ear>& ear) {
  client.call({.script = &read_script(), .keys = {key}, .arguments = {self}}, [ear](const Result<Reply>& reply) {
    if (!reply) return log::debug("breakers.not_read", {{"error", reply.error().detail}});
    ear->behind = false;
    const auto& items = reply->items;
    for (size_t i = 0; i + 1 < items.size(); i += 2)
      ear->heard({.lane = items[i].text, .open_for = std::chrono::milliseconds(items[i + 1].integer)});
  });
}

void RedisBreakerBoard::tell(BreakerNews news) {
  const auto open_for = news.open_for
                            ? std::to_string(std::chrono::ceil<std::chrono::milliseconds>(*news.open_for).count())
                            : std::string(kUp);
  client_.call({.script = &tell_script(), .keys = {key_}, .arguments = {std::move(news.lane), node_id_, open_for}},
               [](const Result<Reply>& reply) {
                 if (!reply) log::debug("breakers.not_told", {{"error", reply.error().detail}});
               });
}

}  // namespace schedules
