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
local function read(key, flying)
  if call('EXISTS', key) == 0 then return end
  local first = rank_from(key, from, after + 1)
  local got = call('ZRANGE', key, first, first + limit, 'WITHSCORES')
  for i = 1, #got, 2 do all[#all + 1] = {got[i], tonumber(got[i + 1]), flying} end
end
for p = 9, -9, -1 do read(due_key(p), 0) end
read(base .. 'flight', 1)
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
local waiting, first = 0, nil
for p = 9, -9, -1 do
  local key = due_key(p)
  local n = call('ZCARD', key)
  if n > 0 then
    waiting = waiting + n
    local score = tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
    if not first or score < first then first = score end
  end
end
return {waiting, call('HLEN', base .. 'flown'), call('ZCOUNT', base .. 'ended_at', '(' .. ARGV[1], '+inf'),
        first and text(first) or ''}
)lua");
  return script;
}

}  // namespace schedules::redis
