// Cancel and change: compare what was seen, then write. Answers for each: 0 done, 1 in flight, 2 ended, 3 not known, 4 another
// revision or changed since; and the value there (empty for 0 and 3).
#include "store/redis/scripts.h"

namespace schedules::redis {

const Script& drop_script() {
  static const Script script = with_prelude(R"lua(
local now, forget_at = tonumber(ARGV[1]), ARGV[2]
local out = {}
local function answer(kind, value)
  out[#out + 1] = kind
  out[#out + 1] = value
end
for i = 3, #ARGV, 4 do
  local id, seen, revision = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local v = call('HGET', base .. 'event', id)
  if not v then
    local e = remembered(id, now)
    if e then answer(2, e) else answer(3, '') end
  elseif call('HEXISTS', base .. 'flown', id) == 1 then
    answer(1, v)
  elseif string.sub(v, 1, 8) .. string.sub(v, 10, 17) ~= seen or string.sub(v, 18, 25) ~= revision then
    answer(4, v)
  else
    remove_waiting(id, v)
    call('HDEL', base .. 'crashes', id)
    remember(id, ARGV[i + 3], forget_at)
    answer(0, '')
  end
end
forget_some(now, 20)
return out
)lua");
  return script;
}

const Script& change_script() {
  static const Script script = with_prelude(R"lua(
local now, ahead = tonumber(ARGV[1]), tonumber(ARGV[2])
local out, soonest = {}, nil
local top = tonumber(call('GET', base .. 'top') or '0')
local function answer(kind, value)
  out[#out + 1] = kind
  out[#out + 1] = value
end
for i = 6, #ARGV, 5 do
  local id, revision, tail, fire, hint = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  local v = call('HGET', base .. 'event', id)
  if not v then
    local e = remembered(id, now)
    if e then answer(2, e) else answer(3, '') end
  elseif call('HEXISTS', base .. 'flown', id) == 1 then
    answer(1, v)
  elseif string.sub(v, 18, 25) ~= revision then
    answer(4, v)
  else
    remove_waiting(id, v)
    top = next_sequence(top, hint)
    local head = struct.pack('>I8', top)
    call('HSET', base .. 'event', id, head .. tail)
    add_waiting(string.byte(tail, 1) - 9, {fire, head .. id})
    call('SET', base .. 'top', text(top))
    local f = tonumber(fire)
    if f <= ahead and (not soonest or f < soonest) then soonest = f end
    answer(0, '')
  end
end
if soonest then call('PUBLISH', ARGV[4], ARGV[5] .. ' ' .. text(soonest) .. ' ' .. ARGV[3]) end
return out
)lua");
  return script;
}

}  // namespace schedules::redis
