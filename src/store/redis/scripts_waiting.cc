// What waits, by priority and fire_at: leaves, and an index of where each begins (layout.md). Redis packs a small sorted set into
// a third of what a large one takes. Entries of one fire_at share a leaf; where they are more than MOST its name ends with '=',
// and it has no other. Of four that are put alone one looks whether its leaf is full: they may be a few more for a while.
#include "store/redis/scripts.h"

namespace schedules::redis {

std::string_view waiting_prelude() {
  return R"lua(
local MOST, CUT = 60, 45
local function index_key(p) return base .. 'wait:' .. p end
local function leaf_key(p, name) return base .. 'wait:' .. p .. ':' .. name end
local function put_entries(key, entries, first, last)
  for at = last, first, -1000 do  -- from behind: each goes to the front, which is where Redis looks first
    local some = {}
    for i = at, math.max(at - 999, first), -1 do
      some[#some + 1] = entries[i][2]
      some[#some + 1] = entries[i][3]
    end
    call('ZADD', key, unpack(some))
  end
end
local function make_leaf(p, from, entries, first, last)
  local name = text(call('INCR', base .. 'leaves')) .. (last - first >= MOST and '=' or '')
  call('ZADD', index_key(p), from, name)
  put_entries(leaf_key(p, name), entries, first, last)
end
-- New leaves for entries_of()'s entries, the first of them from `from` on.
local function make_leaves(p, from, entries)
  if #entries == 0 then return end
  local share = math.ceil(#entries / math.ceil(#entries / CUT))
  local at = 1
  while at <= #entries do
    local last = math.min(at + share - 1, #entries)
    local fire = entries[last][1]
    if last < #entries and entries[last + 1][1] == fire then
      local first = last
      while last < #entries and entries[last + 1][1] == fire do last = last + 1 end
      while first > at and entries[first - 1][1] == fire do first = first - 1 end
      if last - at >= MOST and first > at then last = first - 1 end
    end
    make_leaf(p, at == 1 and from or entries[at][2], entries, at, last)
    at = last + 1
  end
end
-- Of a list as add_waiting's: (number, text of fire_at, member), by fire_at.
local function entries_of(list)
  local entries = {}
  for i = 1, #list, 2 do entries[#entries + 1] = {tonumber(list[i]), list[i], list[i + 1]} end
  table.sort(entries, function(a, b) return a[1] < b[1] end)
  return entries
end
-- A leaf of one fire_at: what is of another goes before or behind it.
local function add_beside(p, name, entries)
  local key = leaf_key(p, name)
  local own = call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  local fire = tonumber(own)
  local before, same, behind = {}, {}, {}
  for _, entry in ipairs(entries) do
    local part = entry[1] < fire and before or entry[1] > fire and behind or same
    part[#part + 1] = entry
  end
  put_entries(key, same, 1, #same)
  if #behind > 0 then make_leaves(p, behind[1][2], behind) end
  if #before > 0 then
    local from = call('ZSCORE', index_key(p), name)
    call('ZADD', index_key(p), own, name)
    make_leaves(p, from, before)
  end
end
local function of_one_time(name) return string.byte(name, -1) == 61 end
local function add_to_leaf(p, name, list)
  if of_one_time(name) then return add_beside(p, name, entries_of(list)) end
  local key = leaf_key(p, name)
  if call('ZCARD', key) + #list / 2 <= MOST then
    call('ZADD', key, unpack(list))
  else
    local there = call('ZRANGE', key, 0, -1, 'WITHSCORES')
    local added, at, entries = entries_of(list), 1, {}
    for i = 1, #there, 2 do
      local fire = tonumber(there[i + 1])
      while at <= #added and added[at][1] < fire do
        entries[#entries + 1] = added[at]
        at = at + 1
      end
      entries[#entries + 1] = {fire, there[i + 1], there[i]}
    end
    for i = at, #added do entries[#entries + 1] = added[i] end
    local from = call('ZSCORE', index_key(p), name)
    call('DEL', key)
    call('ZREM', index_key(p), name)
    make_leaves(p, from, entries)
  end
end
-- The leaf where a fire_at belongs; none if all begin later.
local function leaf_of(p, fire)
  return call('ZREVRANGEBYSCORE', index_key(p), fire, '-inf', 'LIMIT', 0, 1)[1]
end
-- list: text of fire_at, member, and so on; quick where it is in order.
local function add_waiting(p, list)
  local count, first, name = #list, 1, leaf_of(p, list[1])
  while first < count do
    local last, following = first, nil  -- those that follow one another into one leaf
    while last + 2 < count do
      following = list[last + 2] == list[last] and name or leaf_of(p, list[last + 2])
      if following ~= name then break end
      last = last + 2
    end
    if not name then
      make_leaves(p, '-inf', entries_of({unpack(list, first, last + 1)}))
    elseif first == last and not of_one_time(name) and string.byte(list[first + 1], 8) % 4 > 0 then
      call('ZADD', leaf_key(p, name), list[first], list[first + 1])
    else
      add_to_leaf(p, name, {unpack(list, first, last + 1)})
    end
    first, name = last + 2, following
  end
end
local function drop_from_leaf(p, name, members)
  local key = leaf_key(p, name)
  call('ZREM', key, unpack(members))
  if call('EXISTS', key) == 0 then call('ZREM', index_key(p), name) end
end
-- list as add_waiting's; quick where it is in order.
local function drop_waiting(p, list)
  local name, low, high, members
  for i = 1, #list, 2 do
    local fire = tonumber(list[i])
    if not name or fire < low or fire >= high then
      if name then drop_from_leaf(p, name, members) end
      name = leaf_of(p, list[i])
      local after = call('ZRANGEBYSCORE', index_key(p), '(' .. list[i], '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
      low, high, members = fire, after and tonumber(after) or math.huge, {}
    end
    members[#members + 1] = list[i + 1]
  end
  if name then drop_from_leaf(p, name, members) end
end
-- Tells each(member, text of fire_at) what waits from (score, sequence) on, in order, until that answers true. Reads
-- `ahead` of a leaf at once.
local function walk(p, score, sequence, ahead, each)
  local rank = 0
  if score then
    local name = leaf_of(p, score)
    if name then rank = call('ZRANK', index_key(p), name) end
  end
  while true do
    local names = call('ZRANGE', index_key(p), rank, rank + 15)
    if #names == 0 then return end
    rank = rank + #names
    for _, name in ipairs(names) do
      local key = leaf_key(p, name)
      local at = score and rank_from(key, score, sequence) or 0
      score = nil
      while true do
        local got = call('ZRANGE', key, at, at + ahead - 1, 'WITHSCORES')
        for i = 1, #got, 2 do
          if each(got[i], got[i + 1]) then return end
        end
        if #got < ahead * 2 then break end
        at = at + ahead
      end
    end
  end
end
local function waits(p) return call('EXISTS', index_key(p)) == 1 end
-- Layout 1 had one sorted set for each priority.
local function adopt()
  local old = {}
  for p = 9, -9, -1 do old[#old + 1] = base .. 'due:' .. p end
  if call('EXISTS', unpack(old)) == 0 then return end
  for i, key in ipairs(old) do
    while true do
      local got = call('ZRANGE', key, 0, 499, 'WITHSCORES')
      if #got == 0 then break end
      local list, members = {}, {}
      for j = 1, #got, 2 do
        list[#list + 1] = got[j + 1]
        list[#list + 1] = got[j]
        members[#members + 1] = got[j]
      end
      add_waiting(10 - i, list)
      call('ZREM', key, unpack(members))
    end
  end
end
)lua";
}

}  // namespace schedules::redis
