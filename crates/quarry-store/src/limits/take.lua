-- Takes a token from each bucket of KEYS, or from none when one of them is empty (GCRA).
--
-- ARGV has two numbers for each bucket: the microseconds in which a token comes, and the most tokens there are. A key holds
-- the time, in microseconds, at which its bucket is full again. For each bucket the answer is the microseconds of tokens that
-- are left; a negative number is the time until there is one. The time is the server's, so that the clocks of replicas do not
-- matter, and a bucket that is full is no entry at all.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full, left, refused = {}, {}, false
for place, key in ipairs(KEYS) do
  local interval = tonumber(ARGV[2 * place - 1])
  local capacity = interval * tonumber(ARGV[2 * place])
  local known = tonumber(redis.call('GET', key) or '') or now
  -- A quota that was made smaller must not be waited for longer than it takes to fill.
  local next = math.min(math.max(known, now), now + capacity) + interval
  full[place] = next
  left[place] = now + capacity - next
  refused = refused or left[place] < 0
end
if not refused then
  for place, key in ipairs(KEYS) do
    local milliseconds = math.ceil((full[place] - now) / 1000)
    redis.call('SET', key, string.format('%.0f', full[place]), 'PX', string.format('%.0f', milliseconds))
  end
end
return left
