-- sp1_due (allow-oom): parked entries of a stage that are due go to me; I read them with id `0`.
-- KEYS  topic later
-- ARGV  group me stage max         at most 256 entries a call
-- Answer  {taken, left, lost}: left is 1 when there may be more; lost counts entries that were deleted
--         while they were parked. Or BADARG place, WRONGTYPE key, COMMIT text: nothing changed.
-- Cost  ZRANGE of what is due, in windows, at most 4,096 members; XPENDING an entry; ZREM, XCLAIM

local DUE_WINDOW, DUE_WINDOWS = 256, 16

-- Other stages stand in the same set: one of them without workers must not hide ours.
local function due_members(key, stage, max)
  local now, found, start = now_ms(), {}, stage .. ' '
  for window = 0, DUE_WINDOWS - 1 do
    local some = redis.call('ZRANGE', key, '-inf', now, 'BYSCORE', 'LIMIT', window * DUE_WINDOW, DUE_WINDOW)
    for _, member in ipairs(some) do
      if #found < max and member:sub(1, #start) == start then found[#found + 1] = member end
    end
    if #found == max or #some < DUE_WINDOW then break end
  end
  return found
end

local function due_body(K, A)
  local group, me, stage, max = text(A), text(A), text(A), number(A, IDS_MAX)
  ended(A)
  if #K ~= 2 then stop('BADARG 1') end
  if max == 0 then stop('BADARG 4') end
  want_type(K[1], 'stream')
  want_type(K[2], 'zset')
  local members, claim, taken = due_members(K[2], stage, max), {group, me, 0}, 0
  if not members[1] then return {0, 0, 0} end
  for _, member in ipairs(members) do
    local id = member:sub(#stage + 2)
    local holder = id:find('^%d+%-%d+$') and redis.call('XPENDING', K[1], group, id, id, 1)[1]
    if holder and holder[2] == PARKED then claim[#claim + 1] = id end
  end
  local asked = #claim - 3
  want_grant('XCLAIM', K[1], group, me, 0, '0-1')

  redis.call('ZREM', K[2], unpack(members))
  if asked > 0 then
    for _, word in ipairs({'RETRYCOUNT', 0, 'JUSTID'}) do claim[#claim + 1] = word end
    taken = #redis.call('XCLAIM', K[1], unpack(claim))
  end
  return {taken, #members == max and 1 or 0, asked - taken}
end

local function due(K, A)
  A.at = 0
  local ok, answer = pcall(due_body, K, A)
  return ok and answer or refusal(answer)
end

redis.register_function{function_name = 'sp1_due', callback = due, flags = {'allow-oom'}}
