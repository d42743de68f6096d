-- sp1_park (allow-oom): an entry of mine is to be tried later; it stays where it is, in the hands of
-- `~later`, and its id stands in `later` under the time when it is due, by the clock of Redis.
-- KEYS  topic later
-- ARGV  group me id stage delay_ms
-- Answer  when it is due, unix ms; 0: it was deleted meanwhile. Or DONE id, FENCED id owner,
--         WRONGTYPE key, BADARG place, COMMIT text, and then nothing changed.
-- Cost  XPENDING, XCLAIM, ZADD

local PARKED = '~later'

local function park_body(K, A)
  local group, me, id, stage, delay = text(A), text(A), text(A), text(A), number(A, COUNT_MAX / 2)
  ended(A)
  if #K ~= 2 then stop('BADARG 1') end
  if not id:find('^%d+%-%d+$') then stop('BADARG 3') end
  if not stage:find('^[%w_-]+$') then stop('BADARG 4') end
  want_type(K[2], 'zset')
  fence(K[1], group, me, {id})
  want_grant('ZADD', K[2], '1', 'm')

  local due = now_ms() + delay
  -- The count of deliveries begins anew: nobody died of it.
  if not redis.call('XCLAIM', K[1], group, PARKED, 0, id, 'RETRYCOUNT', 0, 'JUSTID')[1] then return 0 end
  redis.call('ZADD', K[2], due, stage .. ' ' .. id)
  return due
end

local function park(K, A)
  A.at = 0
  local ok, answer = pcall(park_body, K, A)
  return ok and answer or refusal(answer)
end

redis.register_function{function_name = 'sp1_park', callback = park, flags = {'allow-oom'}}
