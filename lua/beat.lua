-- sp1_beat (allow-oom): a worker says that it lives; a full Redis must not make it look dead.
-- KEYS  the worker's hash
-- ARGV  ttl_ms, then field value ...
-- Answer  ttl_ms; or BADARG place, WRONGTYPE key, COMMIT text.
-- Cost  HSET, PEXPIRE

local function beat_body(K, A)
  local ttl = number(A, COUNT_MAX)
  if #K ~= 1 or #A < 3 or #A % 2 == 0 then stop('BADARG ' .. #A) end
  want_type(K[1], 'hash')
  redis.call('HSET', K[1], unpack(A, 2))
  redis.call('PEXPIRE', K[1], ttl)
  return ttl
end

local function beat(K, A)
  A.at = 0
  local ok, answer = pcall(beat_body, K, A)
  return ok and answer or refusal(answer)
end

redis.register_function{function_name = 'sp1_beat', callback = beat, flags = {'allow-oom'}}
