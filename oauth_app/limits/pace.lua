-- Counts a call against all limits or none; the rule is that of pace.py.
-- KEYS: for each limit the calls (hash: second -> count) and the places (sorted set: name -> end of life in ms).
-- ARGV: now in ms, the place's name, its life in ms, the window in s; then for each limit calls a minute and at once,
-- -1 for none. Returns {1, seconds to wait}, or {0} and, with a limit of calls a minute, its limit, rest and reset.
local now, name, life, window = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local second = math.floor(now / 1000)
local tightest

local function limit_of(at, which) return tonumber(ARGV[4 + 2 * (at - 1) + which]) end

local function wait(calls, excess)
  local gone = 0
  for _, call in ipairs(calls) do
    gone = gone + call[2]
    if gone > excess then return math.max(1, math.ceil(call[1] + 1 + window - now / 1000)) end
  end
  return window
end

for at = 1, #KEYS / 2 do
  local calls_key, places_key = KEYS[2 * at - 1], KEYS[2 * at]
  local a_minute, at_once = limit_of(at, 1), limit_of(at, 2)
  if at_once >= 0 then
    redis.call('ZREMRANGEBYSCORE', places_key, '-inf', now)
    if redis.call('ZCARD', places_key) >= at_once then return {1, 1} end
  end
  if a_minute >= 0 then
    local calls, made, fields = {}, 0, redis.call('HGETALL', calls_key)
    for i = 1, #fields, 2 do
      local made_in, times = tonumber(fields[i]), tonumber(fields[i + 1])
      if (made_in + 1 + window) * 1000 <= now then
        redis.call('HDEL', calls_key, fields[i])
      else
        calls[#calls + 1] = {made_in, times}
        made = made + times
      end
    end
    table.sort(calls, function(one, other) return one[1] < other[1] end)
    if made >= a_minute then return {1, wait(calls, made - a_minute)} end
    local rest = a_minute - made - 1
    if not tightest or rest < tightest[2] then tightest = {a_minute, rest, wait(calls, 0)} end
  end
end

for at = 1, #KEYS / 2 do
  if limit_of(at, 1) >= 0 then
    redis.call('HINCRBY', KEYS[2 * at - 1], second, 1)
    redis.call('PEXPIRE', KEYS[2 * at - 1], (window + 2) * 1000)
  end
  if limit_of(at, 2) >= 0 then
    redis.call('ZADD', KEYS[2 * at], now + life, name)
    redis.call('PEXPIRE', KEYS[2 * at], life * 2)
  end
end
return tightest and {0, tightest[1], tightest[2], tightest[3]} or {0}
