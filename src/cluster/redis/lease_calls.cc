#include "cluster/redis/lease_calls.h"

#include <charconv>

namespace schedules::cluster_redis {
namespace {

using redis::Reply;
using redis::Script;

// PERSIST is a write that Redis allows where memory is short, and after the first write all are allowed.
constexpr std::string_view kPrelude = R"lua(
local call, key = redis.call, KEYS[1]
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function text(n) return string.format('%.0f', n) end
local function lease()
  local got = call('HMGET', key, 'owner', 'epoch', 'until')
  local ends = tonumber(got[3] or '0')
  local owner = got[1] or ''
  if ends <= now then owner = '' end
  return owner, got[2] or '0', math.max(ends - now, 0), got[1] or ''
end
-- Of the server that answers; another one after a failover or a restart.
local function replication_id() return string.match(call('INFO', 'replication'), 'master_replid:(%x+)') or '' end
local function free(channel, node, more)
  call('PERSIST', key)
  call('HSET', key, 'owner', '', 'until', '0', unpack(more))
  call('PUBLISH', channel, node)
end
)lua";

Script script(std::string_view text) { return Script(std::string(kPrelude) + std::string(text)); }

// node, epoch, lease ms → ours, owner, epoch, remaining; where ours: '', replication id
const Script& renew_script() {
  static const Script it = script(R"lua(
local owner, epoch, remaining, noted = lease()
if noted == ARGV[1] and epoch == ARGV[2] then
  call('PERSIST', key)
  call('HSET', key, 'until', text(now + tonumber(ARGV[3])))
  return {1, ARGV[1], epoch, tonumber(ARGV[3]), '', replication_id()}
end
return {0, owner, epoch, remaining}
)lua");
  return it;
}

// node, lease ms, the last epoch that was seen, the newest → ours, owner, epoch, remaining; where ours: who had it before,
// replication id
const Script& acquire_script() {
  static const Script it = script(R"lua(
local owner, epoch, remaining, noted = lease()
if (owner ~= '' and owner ~= ARGV[1]) or epoch ~= ARGV[3] then return {0, owner, epoch, remaining} end
epoch = text(math.max(tonumber(epoch) + 1, tonumber(ARGV[4]) + 1, now))
call('PERSIST', key)
call('HSET', key, 'owner', ARGV[1], 'epoch', epoch, 'until', text(now + tonumber(ARGV[2])))
return {1, ARGV[1], epoch, tonumber(ARGV[2]), noted, replication_id()}
)lua");
  return it;
}

// node, epoch, 'drained' or 'now', channel → 1: free, or another's
const Script& release_script() {
  static const Script it = script(R"lua(
local _, epoch, _, noted = lease()
if noted ~= ARGV[1] or epoch ~= ARGV[2] then return 1 end
if ARGV[3] == 'drained' then  -- claims stay as they are: they are of no epoch
  for _, mark in ipairs(call('HVALS', string.sub(key, 1, -6) .. 'flown')) do
    if string.match(mark, '^%d+') == epoch then return 0 end
  end
end
-- A begin that is still on its way comes too late.
free(ARGV[4], ARGV[1], {'epoch', text(tonumber(epoch) + 1)})
return 1
)lua");
  return it;
}

// KEYS: leader, nodes. node, lease ms, started µs, address → leader, now, then (id, text)…
const Script& beat_script() {
  static const Script it = script(R"lua(
local leader = lease()
call('PERSIST', key)
if leader == '' or leader == ARGV[1] then
  leader = ARGV[1]
  call('HSET', key, 'owner', leader, 'until', text(now + tonumber(ARGV[2])))
end
call('HSET', KEYS[2], ARGV[1], text(now) .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
local nodes = call('HGETALL', KEYS[2])
local answer = {leader, text(now)}
for i = 1, #nodes, 2 do
  local seen = tonumber(string.match(nodes[i + 1], '^%d+') or '0')
  if seen < now - 60000 then
    call('HDEL', KEYS[2], nodes[i])
  else
    answer[#answer + 1] = nodes[i]
    answer[#answer + 1] = nodes[i + 1]
  end
end
return answer
)lua");
  return it;
}

// KEYS: leader, nodes. node, channel
const Script& leave_script() {
  static const Script it = script(R"lua(
call('HDEL', KEYS[2], ARGV[1])
local leader = lease()
if leader == ARGV[1] then free(ARGV[2], ARGV[1], {}) else call('PUBLISH', ARGV[2], ARGV[1]) end
return 1
)lua");
  return it;
}

template <class Number>
Number number_of(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Done<Reply> as_lease(Done<LeaseState> done) {
  return [done = std::move(done)](Result<Reply> reply) mutable {
    if (!reply) return done(fail(std::move(reply.error())));
    const auto& items = reply->items;
    if (items.size() < 4) return done(fail(Code::internal, "Redis answered no lease"));
    done(LeaseState{.ours = items[0].integer == 1,
                    .owner = items[1].text,
                    .epoch = number_of<uint64_t>(items[2].text),
                    .remaining = std::chrono::milliseconds(items[3].integer),
                    .before = items.size() > 4 ? items[4].text : std::string(),
                    .store = items.size() > 5 ? items[5].text : std::string()});
  };
}

Beat beat_of(const Reply& reply, Duration lease) {
  Beat beat;
  const auto& items = reply.items;
  if (items.size() < 2) return beat;
  beat.leader = items[0].text;
  const auto now = number_of<int64_t>(items[1].text);
  beat.now = from_micros(now * 1000);
  for (size_t i = 2; i + 1 < items.size(); i += 2) {
    const std::string_view text = items[i + 1].text;
    const size_t first = text.find(' ');
    const size_t second = first == std::string_view::npos ? first : text.find(' ', first + 1);
    if (second == std::string_view::npos) continue;
    const auto seen = number_of<int64_t>(text.substr(0, first));
    beat.members.push_back(
        Member{.id = items[i].text,
               .address = std::string(text.substr(second + 1)),
               .started_at = from_micros(number_of<int64_t>(text.substr(first + 1, second - first - 1))),
               .seen_at = from_micros(seen * 1000),
               .alive = std::chrono::milliseconds(now - seen) < lease});
  }
  return beat;
}

}  // namespace

std::string LeaseCalls::lease_ms() const {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(lease_).count());
}

void LeaseCalls::renew(uint32_t shard, uint64_t epoch, Done<LeaseState> done) {
  client_.call({.script = &renew_script(),
                .keys = {lease_key(shard)},
                .arguments = {node_id_, epoch == 0 ? "none" : std::to_string(epoch), lease_ms()}},
               as_lease(std::move(done)));
}

void LeaseCalls::acquire(uint32_t shard, SeenEpochs seen, Done<LeaseState> done) {
  client_.call({.script = &acquire_script(),
                .keys = {lease_key(shard)},
                .arguments = {node_id_, lease_ms(), std::to_string(seen.last), std::to_string(seen.newest)}},
               as_lease(std::move(done)));
}

void LeaseCalls::release(uint32_t shard, uint64_t epoch, When when, Done<bool> done) {
  client_.call({.script = &release_script(),
                .keys = {lease_key(shard)},
                .arguments = {node_id_, std::to_string(epoch), when == When::now ? "now" : "drained", channel()}},
               [done = std::move(done)](Result<Reply> reply) mutable {
                 if (!reply) return done(fail(std::move(reply.error())));
                 done(reply->integer == 1);
               });
}

void LeaseCalls::beat(TimePoint started_at, const std::string& address, Done<Beat> done) {
  client_.call({.script = &beat_script(),
                .keys = {prefix_ + "{schedules}:leader", prefix_ + "{schedules}:nodes"},
                .arguments = {node_id_, lease_ms(), std::to_string(to_micros(started_at)), address}},
               [lease = lease_, done = std::move(done)](Result<Reply> reply) mutable {
                 if (!reply) return done(fail(std::move(reply.error())));
                 done(beat_of(*reply, lease));
               });
}

void LeaseCalls::leave(Done<void> done) {
  client_.call({.script = &leave_script(),
                .keys = {prefix_ + "{schedules}:leader", prefix_ + "{schedules}:nodes"},
                .arguments = {node_id_, channel()}},
               [done = std::move(done)](Result<Reply> reply) mutable {
                 if (!reply) return done(fail(std::move(reply.error())));
                 done({});
               });
}

}  // namespace schedules::cluster_redis
