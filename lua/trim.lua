-- sp1_trim (allow-oom): lets go of the oldest entries of a kept topic, never of one that a group has yet
-- to read or to acknowledge.
-- KEYS  topic
-- ARGV  keep_ms bytes      entries that are older go, by Redis' clock, and the oldest while the topic takes
--                          more memory; empty: no such bound
-- Answer  {removed, left}: left is 1 while there is more to do. Or BADARG place, WRONGTYPE key, COMMIT text
-- Cost  XPENDING a group, XTRIM of at most some 1,000 entries for each of the bounds; no payload passes

local TRIM_MAX = 1000
local NODE_MAX = 100                  -- entries that XTRIM ~ takes as a whole, by Redis' default

-- Numbers of up to 20 digits, as text: beyond 2^53 Lua's are not exact.
local function is_below(a, b)
  local a_ms, a_n = a:match('^(%d+)%-(%d+)$')
  local b_ms, b_n = b:match('^(%d+)%-(%d+)$')
  if a_ms == b_ms then a_ms, b_ms = a_n, b_n end
  if #a_ms ~= #b_ms then return #a_ms < #b_ms end
  return a_ms < b_ms
end

-- What a group still needs begins here.
local function needed_from(key, name, delivered)
  local pending = read('XPENDING', key, name)
  if pending[1] > 0 then return pending[2] end
  local ms, n = delivered:match('^(%d+)%-(%d+)$')
  if #n > 15 then return delivered end         -- one more than need be stays
  return ms .. '-' .. ('%d'):format(tonumber(n) + 1)
end

local function fields_of(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

local function trim_safe(key)
  local safe
  for _, group in ipairs(read('XINFO', 'GROUPS', key)) do
    local g = fields_of(group)
    local id = needed_from(key, g.name, g['last-delivered-id'])
    if not safe or is_below(id, safe) then safe = id end
  end
  return safe
end

local function trim_age(key, keep_ms, safe)
  local wanted = ('%d-0'):format(math.max(now_ms() - keep_ms, 0))
  if is_below(safe, wanted) then wanted = safe end
  local n = redis.call('XTRIM', key, 'MINID', '~', wanted, 'LIMIT', TRIM_MAX)
  if n > TRIM_MAX - NODE_MAX then return n, 1 end
  return n + redis.call('XTRIM', key, 'MINID', '=', wanted), 0
end

local function trim_bytes(key, bytes, safe)
  local used = redis.call('MEMORY', 'USAGE', key) or 0
  if used <= bytes then return 0, 0 end
  local wanted = math.ceil(redis.call('XLEN', key) * (used - bytes) / used)
  local n = redis.call('XTRIM', key, 'MINID', '~', safe, 'LIMIT', math.min(wanted, TRIM_MAX))
  if n == 0 then n = redis.call('XTRIM', key, 'MINID', '~', safe, 'LIMIT', NODE_MAX) end
  return n, n > TRIM_MAX - NODE_MAX and 1 or 0
end

-- sp1_oldest (no-writes): KEYS topic  ARGV group. Answers the id of the first entry that the group has not
-- acknowledged, or an empty text: in a kept topic the head says nothing about what waits.
local function oldest(K, A)
  A.at = 0
  local ok, answer = pcall(function()
    local name = text(A)
    ended(A)
    if want_type(K[1], 'stream') == 'none' then return '' end
    for _, group in ipairs(read('XINFO', 'GROUPS', K[1])) do
      local g = fields_of(group)
      local from = g.name == name and needed_from(K[1], name, g['last-delivered-id'])
      local e = from and read('XRANGE', K[1], from, '+', 'COUNT', 1)[1]
      if from then return e and e[1] or '' end
    end
    local e = read('XRANGE', K[1], '-', '+', 'COUNT', 1)[1]
    return e and e[1] or ''
  end)
  return ok and answer or refusal(answer)
end

local function trim_body(K, A)
  local keep_ms, bytes = text(A), text(A)
  ended(A)
  if #K ~= 1 then stop('BADARG 2') end
  keep_ms = keep_ms ~= '' and (integer(keep_ms) or stop('BADARG 1')) or nil
  bytes = bytes ~= '' and (integer(bytes) or stop('BADARG 2')) or nil
  if want_type(K[1], 'stream') == 'none' then return {0, 0} end
  want_grant('XTRIM', K[1], 'MINID', '=', '0')
  local safe = trim_safe(K[1])
  if not safe then return {0, 0} end           -- nobody has read it yet
  local by_age, age_left, by_bytes, bytes_left = 0, 0, 0, 0
  if keep_ms then by_age, age_left = trim_age(K[1], keep_ms, safe) end
  if bytes then by_bytes, bytes_left = trim_bytes(K[1], bytes, safe) end
  count_removed(K[1], by_age + by_bytes)
  return {by_age + by_bytes, math.max(age_left, bytes_left)}
end

local function trim(K, A)
  A.at = 0
  local ok, answer = pcall(trim_body, K, A)
  return ok and answer or refusal(answer)
end

redis.register_function{function_name = 'sp1_trim', callback = trim, flags = {'allow-oom'}}
redis.register_function{function_name = 'sp1_oldest', callback = oldest, flags = {'no-writes'}}
