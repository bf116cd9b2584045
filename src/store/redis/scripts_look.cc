// Looking: by id, in pages, counted.
#include "store/redis/scripts.h"

namespace schedules::redis {

// For each id: (value, kind) with kind 0 waiting, 1 in flight, 2 ended; kind 3 with no value: not known.
const Script& look_script() {
  static const Script script = with_prelude(R"lua(
local now = tonumber(ARGV[1])
local out = {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local v = call('HGET', base .. 'event', id)
  if v then
    out[#out + 1] = v
    out[#out + 1] = call('HEXISTS', base .. 'flown', id)
  else
    local e = remembered(id, now)
    out[#out + 1] = e or ''
    out[#out + 1] = e and 2 or 3
  end
end
return out
)lua");
  return script;
}

// The first ones after (fire_at, sequence), waiting or in flight, in order, with values of about 2 MB together. Answers: more,
// then (member, fire_at, in flight, value)…
const Script& find_script() {
  static const Script script = with_prelude(R"lua(
local from, after, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local all = {}
for p = 9, -9, -1 do
  if waits(p) then
    local most = #all + limit + 1
    walk(p, from, after + 1, limit + 1, function(member, fire)
      all[#all + 1] = {member, tonumber(fire), 0}
      return #all == most
    end)
  end
end
local flight = base .. 'flight'
if call('EXISTS', flight) == 1 then
  local first = rank_from(flight, from, after + 1)
  local got = call('ZRANGE', flight, first, first + limit, 'WITHSCORES')
  for i = 1, #got, 2 do all[#all + 1] = {got[i], tonumber(got[i + 1]), 1} end
end
table.sort(all, function(a, b)
  if a[2] ~= b[2] then return a[2] < b[2] end
  return u64(a[1], 1) < u64(b[1], 1)
end)
local out = {0}
local bytes = 0
for i = 1, #all do
  if i > limit or bytes > 2097152 then
    out[1] = 1
    break
  end
  local value = call('HGET', base .. 'event', string.sub(all[i][1], 9)) or ''
  bytes = bytes + #value
  out[#out + 1] = all[i][1]
  out[#out + 1] = text(all[i][2])
  out[#out + 1] = all[i][3]
  out[#out + 1] = value
end
return out
)lua");
  return script;
}

// waiting, in flight, remembered, first fire_at or ''.
const Script& counts_script() {
  static const Script script = with_prelude(R"lua(
local first = nil
for p = 9, -9, -1 do
  if waits(p) then
    walk(p, nil, nil, 1, function(_, fire)
      local score = tonumber(fire)
      if not first or score < first then first = score end
      return true
    end)
  end
end
local flown = call('HLEN', base .. 'flown')
return {call('HLEN', base .. 'event') - flown, flown, call('ZCOUNT', base .. 'ended_at', '(' .. ARGV[1], '+inf'),
        first and text(first) or ''}
)lua");
  return script;
}

// How many wait in each slot, then whether it may be more from some slot on: its number, or that of slots. Counts by leaves,
// most of which lie in one slot.
const Script& slots_script() {
  static const Script script = with_prelude(R"lua(
local from, width, slots, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local to = from + width * slots
local out, cut = {}, slots
for slot = 1, slots do out[slot] = 0 end
local function slot_at(at) return math.floor((math.max(at, from) - from) / width) end
local function count_leaf(key, begin, behind)
  local first, last = slot_at(begin), slot_at(math.min(behind, to) - 1)
  if first == last and begin >= from and behind <= to then
    out[first + 1] = out[first + 1] + call('ZCARD', key)
    return
  end
  for slot = first, last do
    local low, high = text(from + width * slot), '(' .. text(from + width * (slot + 1))
    out[slot + 1] = out[slot + 1] + call('ZCOUNT', key, low, high)
  end
end
for p = 9, -9, -1 do
  if waits(p) then
    local first = leaf_of(p, ARGV[1])
    local rank = first and call('ZRANK', index_key(p), first) or 0
    local name, begin = nil, nil
    local going = true
    while going do
      local got = call('ZRANGE', index_key(p), rank, rank + 255, 'WITHSCORES')
      rank = rank + 256
      for i = 1, #got, 2 do
        local next_begin = tonumber(got[i + 1]) or -math.huge
        if name then count_leaf(leaf_key(p, name), begin, next_begin) end
        name, begin = got[i], next_begin
        if begin >= to then
          name, going = nil, false
          break
        end
        if most == 0 then
          cut = math.min(cut, slot_at(begin))
          name, going = nil, false
          break
        end
        most = most - 1
      end
      if #got < 512 then
        if name then count_leaf(leaf_key(p, name), begin, math.huge) end
        going = false
      end
    end
  end
end
out[slots + 1] = cut
return out
)lua");
  return script;
}

}  // namespace schedules::redis
