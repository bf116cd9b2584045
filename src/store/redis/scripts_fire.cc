// From put to settle: the scripts of the way of an event.
#include "store/redis/scripts.h"

namespace schedules::redis {

// Reads all that is known of the batch's ids at once, decides in memory, and writes at once.
const Script& put_script() {
  static const Script script = with_prelude(R"lua(
local mode, now, ahead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local ids = {}
for i = 7, #ARGV, 4 do ids[#ids + 1] = ARGV[i] end
local found = call('HMGET', base .. 'event', unpack(ids))
local ended = call('HMGET', base .. 'ended', unpack(ids))
local claims = call('HMGET', base .. 'claim', unpack(ids))
local held = mode == 'from_far_store' and call('HMGET', base .. 'held', unpack(ids)) or {}
local top = tonumber(call('GET', base .. 'top') or '0')
local out, made, hset, zadd, soonest = {}, {}, {}, {}, nil
local function judge(i, id, tail)
  local fp = string.sub(tail, 26, 33)
  local v = made[id] or found[i]
  if v then
    local flown = call('HEXISTS', base .. 'flown', id)
    if mode == 'planned' and flown == 0 and not made[id] and u64(v, 26) < u64(tail, 18) then
      remove_waiting(id, v)
      return nil
    end
    return {string.sub(v, 34, 41) == fp and 1 or 2, v, flown}
  end
  if ended[i] then
    local e = remembered(id, now)
    if e and not (mode == 'redriven' and string.sub(e, 1, 1) == 'd') then
      return {string.sub(e, 2, 9) == fp and 1 or 2, e, 2}
    end
    call('HDEL', base .. 'ended', id)
    call('ZREM', base .. 'ended_at', id)
  end
  if mode == 'from_far_store' then
    local h = held[i]
    if h and u64(h, 9) > now and u64(tail, 10) < u64(h, 1) then return {2, false, 4} end
    if claims[i] then call('HDEL', base .. 'claim', id) end
  elseif claims[i] and u64(claims[i], 9) > now then
    return {string.sub(claims[i], 1, 8) == fp and 1 or 2, false, 3}
  end
  return nil
end
for i = 1, #ids do
  local at = 7 + (i - 1) * 4
  local id, tail, fire, hint = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  local known = judge(i, id, tail)
  if known then
    out[i] = known
  else
    top = next_sequence(top, hint)
    local head = struct.pack('>I8', top)
    local v = head .. tail
    made[id] = v
    hset[#hset + 1] = id
    hset[#hset + 1] = v
    local p = prio_of(v)
    local z = zadd[p] or {}
    z[#z + 1] = fire
    z[#z + 1] = head .. id
    zadd[p] = z
    local f = tonumber(fire)
    if f <= ahead and (not soonest or f < soonest) then soonest = f end
    out[i] = text(top)
  end
end
if #hset > 0 then
  call('HSET', base .. 'event', unpack(hset))
  for p, z in pairs(zadd) do call('ZADD', due_key(p), unpack(z)) end
  call('SET', base .. 'top', text(top))
end
if soonest then call('PUBLISH', ARGV[5], ARGV[6] .. ' ' .. text(soonest) .. ' ' .. ARGV[4]) end
return out
)lua");
  return script;
}

// Due ones by rank over all priorities, then later ones by time. Answers: full, next, then (member, fire_at, priority)…
const Script& window_script() {
  static const Script script = with_prelude(R"lua(
if stale(ARGV[1]) then return redis.error_reply(STALE) end
local now, upto, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
local levels, due, later, beyond = {}, {}, {}, nil
for p = 9, -9, -1 do
  if call('EXISTS', due_key(p)) == 1 then levels[#levels + 1] = p end
end
local function read(p, from, to, into, most)
  local got = call('ZRANGEBYSCORE', due_key(p), from, to, 'WITHSCORES', 'LIMIT', 0, most)
  for i = 1, #got, 2 do into[#into + 1] = {got[i], tonumber(got[i + 1]), p} end
end
for _, p in ipairs(levels) do read(p, '-inf', now, due, limit + 1) end
if #levels > 1 then
  table.sort(due, function(a, b)
    local ra, rb = a[2] - a[3] * 5000000, b[2] - b[3] * 5000000
    if ra ~= rb then return ra < rb end
    return u64(a[1], 1) < u64(b[1], 1)
  end)
end
local out = {0, false}
local function give(entry)
  out[#out + 1] = entry[1]
  out[#out + 1] = text(entry[2])
  out[#out + 1] = entry[3]
end
local count = math.min(#due, limit)
for i = 1, count do give(due[i]) end
if #due > limit then
  out[1] = 1
  return out
end
local room = limit - count
for _, p in ipairs(levels) do
  read(p, '(' .. now, upto, later, room + 1)
  local after = call('ZRANGEBYSCORE', due_key(p), '(' .. upto, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #after > 0 then
    local score = tonumber(after[2])
    if not beyond or score < beyond then beyond = score end
  end
end
if #levels > 1 then
  table.sort(later, function(a, b)
    if a[2] ~= b[2] then return a[2] < b[2] end
    return u64(a[1], 1) < u64(b[1], 1)
  end)
end
for i = 1, math.min(#later, room) do give(later[i]) end
if #later > room then
  out[1] = 2
  beyond = later[room + 1][2]
end
if beyond then out[2] = text(beyond) end
return out
)lua");
  return script;
}

const Script& begin_script() {
  static const Script script = with_prelude(R"lua(
local epoch = ARGV[1]
if stale(epoch) then return redis.error_reply(STALE) end
local ids = {}
for i = 2, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local found = call('HMGET', base .. 'event', unpack(ids))
local flown = call('HMGET', base .. 'flown', unpack(ids))
local crashes = call('EXISTS', base .. 'crashes') == 1 and call('HMGET', base .. 'crashes', unpack(ids)) or {}
local out, taken, zrem, zadd, hset = {}, {}, {}, {}, {}
for i = 1, #ids do
  local id, v = ids[i], found[i]
  if v and not flown[i] and not taken[id] and string.sub(v, 10, 17) == ARGV[1 + i * 2] then
    taken[id] = true
    local member, p = string.sub(v, 1, 8) .. id, prio_of(v)
    local z = zrem[p] or {}
    z[#z + 1] = member
    zrem[p] = z
    zadd[#zadd + 1] = text(u64(v, 10))
    zadd[#zadd + 1] = member
    hset[#hset + 1] = id
    hset[#hset + 1] = epoch
    out[#out + 1] = v
    out[#out + 1] = crashes[i] or ''
  end
end
if #zadd > 0 then
  for p, z in pairs(zrem) do call('ZREM', due_key(p), unpack(z)) end
  call('ZADD', base .. 'flight', unpack(zadd))
  call('HSET', base .. 'flown', unpack(hset))
end
return out
)lua");
  return script;
}

// Only what is in flight as it was begun is touched, so that one which is sent twice does nothing.
const Script& settle_script() {
  static const Script script = with_prelude(R"lua(
if stale(ARGV[1]) then return redis.error_reply(STALE) end
local now, forget_at = tonumber(ARGV[2]), ARGV[3]
local ids = {}
for i = 4, #ARGV, 6 do ids[#ids + 1] = ARGV[i] end
local found = call('HMGET', base .. 'event', unpack(ids))
local flown = call('HMGET', base .. 'flown', unpack(ids))
local zrem, hdel, hset, zadd, ended, ended_at, gone = {}, {}, {}, {}, {}, {}, {}
local seen = {}
for i = 1, #ids do
  local at = 4 + (i - 1) * 6
  local id, v, letter, rest = ids[i], found[i], ARGV[at + 3], ARGV[at + 4]
  local as_begun = v and flown[i] and not seen[id] and string.sub(v, 10, 17) == ARGV[at + 1] and
                   string.sub(v, 26, 33) == ARGV[at + 2]
  if as_begun then
    seen[id] = true
    local head = string.sub(v, 1, 8)
    zrem[#zrem + 1] = head .. id
    hdel[#hdel + 1] = id
    if letter == 'p' then
      hset[#hset + 1] = id
      hset[#hset + 1] = head .. rest
      local p = string.byte(rest, 1) - 9
      local z = zadd[p] or {}
      z[#z + 1] = ARGV[at + 5]
      z[#z + 1] = head .. id
      zadd[p] = z
    else
      gone[#gone + 1] = id
      ended[#ended + 1] = id
      ended[#ended + 1] = rest
      ended_at[#ended_at + 1] = forget_at
      ended_at[#ended_at + 1] = id
    end
  end
end
if #zrem > 0 then
  call('ZREM', base .. 'flight', unpack(zrem))
  call('HDEL', base .. 'flown', unpack(hdel))
end
if #hset > 0 then
  call('HSET', base .. 'event', unpack(hset))
  for p, z in pairs(zadd) do call('ZADD', due_key(p), unpack(z)) end
end
if #gone > 0 then
  call('HDEL', base .. 'event', unpack(gone))
  call('HDEL', base .. 'crashes', unpack(gone))
  call('HSET', base .. 'ended', unpack(ended))
  call('ZADD', base .. 'ended_at', unpack(ended_at))
end
forget_some(now, #ids * 2 + 10)
return #zrem
)lua");
  return script;
}

const Script& recover_script() {
  static const Script script = with_prelude(R"lua(
local epoch, now, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local entries = call('HGETALL', base .. 'flown')
local moved = 0
for i = 1, #entries, 2 do
  local id = entries[i]
  if tonumber(entries[i + 1]) < epoch and moved < limit then
    moved = moved + 1
    call('HDEL', base .. 'flown', id)
    local v = call('HGET', base .. 'event', id)
    if v then
      local member = string.sub(v, 1, 8) .. id
      call('ZREM', base .. 'flight', member)
      call('ZADD', due_key(prio_of(v)), text(u64(v, 10)), member)
      call('HSET', base .. 'crashes', id, (call('HGET', base .. 'crashes', id) or '') .. struct.pack('>I8', now))
    end
  end
end
return moved
)lua");
  return script;
}

}  // namespace schedules::redis
