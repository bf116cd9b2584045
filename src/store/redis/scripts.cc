#include "store/redis/scripts.h"

#include "base/guards.h"

namespace schedules::redis {
namespace {

constexpr std::string_view kPrelude = R"lua(
local base = KEYS[1]
local call = redis.call
local function text(n) return string.format('%.0f', n) end
local function u64(s, at) return (struct.unpack('>I8', s, at)) end
local function prio_of(v) return string.byte(v, 9) - 9 end
-- An epoch may repeat under another owner, where a store has lost the newest and its clock is behind.
local function stale(epoch, node)
  if not FENCED or epoch == '0' then return false end
  local lease = call('HMGET', base .. 'lease', 'epoch', 'owner')
  return lease[1] ~= epoch or lease[2] ~= node
end
local STALE = 'STALE_EPOCH the shard has another owner'
local REFILLED = 'CONFLICT the shard lost its data, or is being filled anew'
-- The end of one that is remembered, unless its time is over.
local function remembered(id, now)
  local e = call('HGET', base .. 'ended', id)
  if not e then return false end
  local at = call('ZSCORE', base .. 'ended_at', id)
  if at and tonumber(at) > now then return e end
  return false
end
local function remember(id, value, at)
  call('HSET', base .. 'ended', id, value)
  call('ZADD', base .. 'ended_at', at, id)
end
-- A few of those whose time is over, so that no call takes long.
local function forget_some(now, most)
  local gone = call('ZRANGEBYSCORE', base .. 'ended_at', '-inf', text(now), 'LIMIT', 0, most)
  if #gone > 0 then
    call('HDEL', base .. 'ended', unpack(gone))
    call('ZREM', base .. 'ended_at', unpack(gone))
  end
  gone = call('ZRANGEBYSCORE', base .. 'guard_at', '-inf', text(now), 'LIMIT', 0, 100)
  if #gone > 0 then
    call('HDEL', base .. 'claim', unpack(gone))
    call('HDEL', base .. 'held', unpack(gone))
    call('ZREM', base .. 'guard_at', unpack(gone))
  end
  call('ZREMRANGEBYSCORE', base .. 'voided', '-inf', text(now - 3600000000))
end
-- The rank of the first member at or after (score, sequence). Compared as numbers: Lua compares texts by the server's locale.
local function rank_from(key, score, sequence)
  local low, high = call('ZCOUNT', key, '-inf', '(' .. score), call('ZCOUNT', key, '-inf', score)
  while low < high do
    local mid = math.floor((low + high) / 2)
    if u64(call('ZRANGE', key, mid, mid)[1], 1) < sequence then low = mid + 1 else high = mid end
  end
  return low
end
)lua";

// After waiting_prelude().
constexpr std::string_view kWays = R"lua(
-- Of one in flight: its mark goes first, which Redis allows where memory is short.
local function wait_again(id, member)
  call('HDEL', base .. 'flown', id)
  call('ZREM', base .. 'flight', member)
  local v = call('HGET', base .. 'event', id)
  if v then add_waiting(prio_of(v), {text(u64(v, 10)), member}) end
end
local function remove_waiting(id, v)
  call('HDEL', base .. 'event', id)
  drop_waiting(prio_of(v), {text(u64(v, 10)), string.sub(v, 1, 8) .. id})
end
local function next_sequence(top, hint)
  if hint > top then return hint end
  return top + 1
end
)lua";

}  // namespace

Script with_prelude(std::string_view text) {
  return Script(fmt::format("local FENCED, PUT_IF_ABSENT = {}, {}\n{}{}{}{}", guards::kFencing, guards::kPutIfAbsent,
                            kPrelude, waiting_prelude(), kWays, text));
}

}  // namespace schedules::redis
