// What is kept of far events. A claim: fingerprint ‖ until; a hold: revision ‖ until.
#include "store/redis/scripts.h"

namespace schedules::redis {

// For each: 0 claimed (now, or by the same request before); else (1 the same | 2 another, value, kind as a put's).
const Script& claim_script() {
  static const Script script = with_prelude(R"lua(
local now = tonumber(ARGV[1])
local out = {}
for i = 2, #ARGV, 3 do
  local id, fp, till = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local v = call('HGET', base .. 'event', id)
  local e = not v and remembered(id, now)
  local c = call('HGET', base .. 'claim', id)
  if v then
    out[#out + 1] = {string.sub(v, 34, 41) == fp and 1 or 2, v, call('HEXISTS', base .. 'flown', id)}
  elseif e then
    out[#out + 1] = {string.sub(e, 2, 9) == fp and 1 or 2, e, 2}
  elseif c and u64(c, 9) > now and string.sub(c, 1, 8) ~= fp then
    out[#out + 1] = {2, false, 3}
  else
    call('HSET', base .. 'claim', id, fp .. struct.pack('>I8', till))
    call('ZADD', base .. 'guard_at', 'GT', ARGV[i + 2], id)
    out[#out + 1] = 0
  end
end
forget_some(now, 20)
return out
)lua");
  return script;
}

const Script& hold_script() {
  static const Script script = with_prelude(R"lua(
local till = struct.pack('>I8', tonumber(ARGV[2]))
for i = 3, #ARGV, 2 do
  local id, revision = ARGV[i], ARGV[i + 1]
  local h = call('HGET', base .. 'held', id)
  if h and u64(h, 9) > tonumber(ARGV[1]) and u64(h, 1) > u64(revision, 1) then revision = string.sub(h, 1, 8) end
  call('HSET', base .. 'held', id, revision .. till)
  call('ZADD', base .. 'guard_at', 'GT', ARGV[2], id)
end
return 1
)lua");
  return script;
}

const Script& far_cancel_script() {
  static const Script script = with_prelude(R"lua(
local now, forget_at = tonumber(ARGV[1]), ARGV[2]
local out = {}
local function answer(kind, value)
  out[#out + 1] = kind
  out[#out + 1] = value
end
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  local v = call('HGET', base .. 'event', id)
  local e = not v and remembered(id, now)
  if e then
    answer(2, e)
  elseif v and call('HEXISTS', base .. 'flown', id) == 1 then
    answer(1, v)
  else
    if v then
      remove_waiting(id, v)
      call('HDEL', base .. 'crashes', id)
    end
    call('HDEL', base .. 'claim', id)
    remember(id, ARGV[i + 1], forget_at)
    answer(0, '')
  end
end
forget_some(now, 20)
return out
)lua");
  return script;
}

}  // namespace schedules::redis
