// From put to settle: the scripts of the way of an event.
#include "store/redis/scripts.h"

namespace schedules::redis {

// Reads all that is known of the batch's ids at once, decides in memory, and writes at once. Answers 0 if all were made as they
// are given; otherwise for each 0, the sequence that it got instead, or what is known of it.
const Script& put_script() {
  static const Script script = with_prelude(R"lua(
local mode, now, soonest = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if ARGV[7] ~= '' and call('HGET', base .. 'journal', 'filling') ~= ARGV[7] then return redis.error_reply(REFILLED) end
local ids = {}
for i = 10, #ARGV, 4 do ids[#ids + 1] = ARGV[i] end
local found = call('HMGET', base .. 'event', unpack(ids))
local ended = call('HMGET', base .. 'ended', unpack(ids))
local claims = call('HMGET', base .. 'claim', unpack(ids))
local held = mode == 'from_far_store' and call('HMGET', base .. 'held', unpack(ids)) or {}
local top = tonumber(call('GET', base .. 'top') or '0')
local as_given = tonumber(ARGV[8]) > top
if as_given then top = tonumber(ARGV[9]) end
local out, made, hset, zadd = {}, {}, {}, {}
local function judge(i, id, value)
  local fp = string.sub(value, 34, 41)
  local v = made[id] or found[i]
  if v then
    local flown = call('HEXISTS', base .. 'flown', id)
    if mode == 'planned' and flown == 0 and not made[id] and u64(v, 26) < u64(value, 26) then
      remove_waiting(id, v)
      call('HDEL', base .. 'crashes', id)
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
    if h and u64(h, 9) > now and u64(value, 18) < u64(h, 1) then return {2, false, 4} end
    if claims[i] then call('HDEL', base .. 'claim', id) end
  elseif claims[i] and u64(claims[i], 9) > now then
    return {string.sub(claims[i], 1, 8) == fp and 1 or 2, false, 3}
  end
  return nil
end
for i = 1, #ids do
  local id, at = ids[i], 6 + i * 4
  local v, member = ARGV[at + 1], ARGV[at + 3]
  local known = PUT_IF_ABSENT and (found[i] or made[id] or ended[i] or claims[i] or held[i]) and judge(i, id, v)
  if known then
    out[i] = known
  else
    out[i] = 0
    if not as_given then
      top = top + 1
      local head = struct.pack('>I8', top)
      v, member, out[i] = head .. string.sub(v, 9), head .. id, text(top)
    end
    made[id] = v
    local n, p = #hset, prio_of(v)
    hset[n + 1], hset[n + 2] = id, v
    local z = zadd[p]
    if not z then
      z = {}
      zadd[p] = z
    end
    n = #z
    z[n + 1], z[n + 2] = ARGV[at + 2], member
  end
end
if #hset > 0 then
  call('HSET', base .. 'event', unpack(hset))
  for p, z in pairs(zadd) do add_waiting(p, z) end
  call('SET', base .. 'top', text(top))
  if soonest ~= '' then call('PUBLISH', ARGV[5], ARGV[6] .. ' ' .. soonest .. ' ' .. ARGV[4]) end
end
if as_given and #hset == #ids * 2 then return 0 end
return out
)lua");
  return script;
}

// From each priority the first ones that wait, up to `upto` and one beyond, from the start or from (score, sequence) on. Answers
// for each: (priority, whether it was cut short, (member, score)…). Ours to merge: window.cc.
const Script& window_script() {
  static const Script script = with_prelude(R"lua(
if stale(ARGV[1], ARGV[5]) then return redis.error_reply(STALE) end
forget_some(tonumber(ARGV[2]), 100)
local upto, most = ARGV[3], tonumber(ARGV[4])
adopt()
local last = tonumber(upto)
local out = {}
local function read(p, score, sequence, share)
  local got, within, cut = {}, 0, 0
  walk(p, score, sequence, share + 1, function(member, fire)
    got[#got + 1] = member
    got[#got + 1] = fire
    if tonumber(fire) > last then return true end
    within = within + 1
    if within > share then cut = 1 end
    return within > share
  end)
  if #got > 0 then out[#out + 1] = {p, cut, got} end
end
if #ARGV > 5 then
  for i = 6, #ARGV, 3 do read(tonumber(ARGV[i]), ARGV[i + 1], tonumber(ARGV[i + 2]), most) end
  return out
end
local levels = {}
for p = 9, -9, -1 do
  if waits(p) then levels[#levels + 1] = p end
end
for _, p in ipairs(levels) do read(p, nil, nil, math.ceil(most / #levels)) end
return out
)lua");
  return script;
}

// What is in flight says so in `flown`: epoch, token and node of its begin. A token that was given up (give_back) begins nothing
// any more: its call may reach Redis long after its caller has ceased to wait for it.
const Script& begin_script() {
  static const Script script = with_prelude(R"lua(
local epoch, token = ARGV[1], ARGV[2]
if stale(epoch, ARGV[3]) then return redis.error_reply(STALE) end
if call('ZSCORE', base .. 'voided', token) then return redis.error_reply('CONFLICT this begin was given up') end
local mark = epoch .. ' ' .. token .. ' ' .. ARGV[3]
local ids = {}
for i = 4, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local found = call('HMGET', base .. 'event', unpack(ids))
local flown = call('HMGET', base .. 'flown', unpack(ids))
local crashes = call('EXISTS', base .. 'crashes') == 1 and call('HMGET', base .. 'crashes', unpack(ids)) or {}
local out, taken, drop, zadd, hset = {}, {}, {}, {}, {}
for i = 1, #ids do
  local id, v = ids[i], found[i]
  if v and not flown[i] and not taken[id] and string.sub(v, 10, 17) == ARGV[3 + i * 2] then
    taken[id] = true
    local member, p = string.sub(v, 1, 8) .. id, prio_of(v)
    local fire = text(u64(v, 10))
    local z = drop[p] or {}
    z[#z + 1] = fire
    z[#z + 1] = member
    drop[p] = z
    zadd[#zadd + 1] = fire
    zadd[#zadd + 1] = member
    hset[#hset + 1] = id
    hset[#hset + 1] = mark
    out[#out + 1] = v
    out[#out + 1] = crashes[i] or ''
  end
end
if #zadd > 0 then
  for p, z in pairs(drop) do drop_waiting(p, z) end
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
local epoch = ARGV[1]
if stale(epoch, ARGV[4]) then return redis.error_reply(STALE) end
local now, forget_at, node, ahead = tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
-- Under the same epoch; a claim, which has none, by the same node.
local function ours(mark)
  local of, by = string.match(mark, '^(%d+) %S+ (.*)$')
  return of == epoch and (epoch ~= '0' or by == node)
end
local ids = {}
for i = 8, #ARGV, 6 do ids[#ids + 1] = ARGV[i] end
local found = call('HMGET', base .. 'event', unpack(ids))
local flown = call('HMGET', base .. 'flown', unpack(ids))
local zrem, hdel, hset, zadd, ended, ended_at, gone = {}, {}, {}, {}, {}, {}, {}
local seen, soonest = {}, nil
for i = 1, #ids do
  local at = 8 + (i - 1) * 6
  local id, v, letter, rest = ids[i], found[i], ARGV[at + 3], ARGV[at + 4]
  local as_begun = v and flown[i] and ours(flown[i]) and not seen[id] and string.sub(v, 10, 17) == ARGV[at + 1] and
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
      local f = tonumber(ARGV[at + 5])
      if f <= ahead and (not soonest or f < soonest) then soonest = f end
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
  for p, z in pairs(zadd) do add_waiting(p, z) end
end
if #gone > 0 then
  call('HDEL', base .. 'event', unpack(gone))
  call('HDEL', base .. 'crashes', unpack(gone))
  call('HSET', base .. 'ended', unpack(ended))
  call('ZADD', base .. 'ended_at', unpack(ended_at))
end
-- A claim that waits again is news for the shard's owner.
if soonest and epoch == '0' then call('PUBLISH', ARGV[6], ARGV[7] .. ' ' .. text(soonest) .. ' ' .. node) end
forget_some(now, #ids * 2 + 10)
return #zrem
)lua");
  return script;
}

// What is in flight under an earlier epoch, or another's, waits again; a claim only if its node is none of those that live
// (none named: a claim stays), or if it is of an earlier process under our own name. Looks at `limit` from (score, sequence) on,
// a place that stays where it is while others settle; answers how many it saw, how many it gave back, the place of the last one,
// and of a look at claims: (id, token)… of our own process.
const Script& recover_script() {
  static const Script script = with_prelude(R"lua(
local epoch, now, crashed = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == 'crashed'
local limit, self, process = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local lives = {}
for i = 9, #ARGV do lives[ARGV[i]] = true end
local first = rank_from(base .. 'flight', ARGV[4], tonumber(ARGV[5]))
local got = call('ZRANGE', base .. 'flight', first, first + limit - 1, 'WITHSCORES')
if #got == 0 then return {0, 0, '', ''} end
local members, ids = {}, {}
for i = 1, #got, 2 do
  members[#members + 1] = got[i]
  ids[#ids + 1] = string.sub(got[i], 9)
end
local flown = call('HMGET', base .. 'flown', unpack(ids))
local moved, own = 0, {}
for i, id in ipairs(ids) do
  local of, by, node = string.match(flown[i] or '1 - -', '^(%d+) (%S+) (.*)$')
  local back = tonumber(of) < epoch or (tonumber(of) == epoch and node ~= self)
  if of == '0' then
    local ours = node == self and string.sub(by, 1, #process) == process
    back = #ARGV > 8 and not ours and (not lives[node] or node == self)
    if #ARGV > 8 and ours then
      own[#own + 1] = id
      own[#own + 1] = by
    end
  end
  if back then
    moved = moved + 1
    wait_again(id, members[i])
    if crashed and of ~= '0' then
      call('HSET', base .. 'crashes', id, (call('HGET', base .. 'crashes', id) or '') .. struct.pack('>I8', now))
    end
  end
end
return {#members, moved, text(tonumber(got[#got])), text(u64(members[#members], 1)), unpack(own)}
)lua");
  return script;
}

// What that begin has in flight waits again, and it begins nothing any more. Others learn of what has no owner's begin.
const Script& give_back_script() {
  static const Script script = with_prelude(R"lua(
local epoch, token, now = ARGV[1], ARGV[2], ARGV[3]
if stale(epoch, ARGV[4]) then return redis.error_reply(STALE) end
local mark = epoch .. ' ' .. token .. ' ' .. ARGV[4]
local ids = {}
for i = 7, #ARGV do ids[#ids + 1] = ARGV[i] end
local flown = call('HMGET', base .. 'flown', unpack(ids))
call('HDEL', base .. 'flown', '')  -- the first write frees: so it goes on where memory is short
call('ZADD', base .. 'voided', now, token)
local moved, soonest = 0, nil
for i, id in ipairs(ids) do
  local v = flown[i] == mark and call('HGET', base .. 'event', id)
  if v then
    moved = moved + 1
    wait_again(id, string.sub(v, 1, 8) .. id)
    local f = u64(v, 10)
    if not soonest or f < soonest then soonest = f end
  end
end
if soonest and epoch == '0' then call('PUBLISH', ARGV[5], ARGV[6] .. ' ' .. text(soonest) .. ' -') end
return moved
)lua");
  return script;
}

}  // namespace schedules::redis
