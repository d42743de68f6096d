-- sp1_leave (allow-oom): entries that every topic has taken in leave the inbox.
-- KEYS  inbox
-- ARGV  group books n id*n         books: their key, in another slot: a cluster does not count; at most 256 ids
-- Answer  how many of them were there still; or WRONGTYPE key, BADARG place, COMMIT text
--
-- sp1_vanished (allow-oom): how many entries left the topics by a hand that is not ours: XTRIM, XDEL,
-- XADD with MAXLEN, DEL, eviction. A stream tells how many it ever took in, and the books how many of them
-- the functions took out (`removed`).
-- KEYS  books topic*
-- ARGV  inbox                      its key, in another slot
-- Answer  a number for each topic, the inbox last, since its counting began: below 0 the counters were moved by hand. Or
--         WRONGTYPE key, COMMIT text. In the books `base` is what had left when the counting began, and
--         `added` what the topic had taken in when we last looked: less than that, and it was made anew.
-- Cost  XINFO STREAM and HMGET a topic; HSET of those that moved

local TOPICS_MAX = 1000

local function leave_body(K, A)
  local group, books, n = text(A), text(A), number(A, IDS_MAX)
  local ids = list(A, n)
  ended(A)
  if #K ~= 1 then stop('BADARG 1') end
  if n == 0 then stop('BADARG 3') end
  want_grant('XDEL', K[1], '0-1')
  read('XACK', K[1], group, unpack(ids))
  local gone = redis.call('XDEL', K[1], unpack(ids))
  count_removed(K[1], gone, books)
  return gone
end

local function leave(K, A)
  A.at = 0
  local ok, answer = pcall(leave_body, K, A)
  return ok and answer or refusal(answer)
end

local function stream_counts(key)
  local info = redis.pcall('XINFO', 'STREAM', key)
  if info.err and info.err:find('no such key', 1, true) then return 0, 0 end
  if info.err then stop((info.err:sub(1, 9) == 'WRONGTYPE' and 'WRONGTYPE ' or 'COMMIT ') .. key .. ': ' .. info.err) end
  info = fields_of(info)
  return info['entries-added'], info.length
end

local function vanished_from(books, key, set)
  local stage = key:match('[^:]+$')
  local added, length = stream_counts(key)
  local was = read('HMGET', books, stage .. ':removed', stage .. ':added', stage .. ':base', stage .. ':in', stage .. ':records')
  local removed = integer(was[1] or '0') or stop('COUNT ' .. books .. ' ' .. stage .. ':removed')
  local before, base = was[2] and integer(was[2]), was[3] and integer(was[3])
  local is_new = not base
  -- Of a topic that older functions worked on, nobody knows what left it.
  if is_new then base = (before or was[4] or was[5]) and added - length - removed or 0 end
  local is_remade = before and added < before
  if is_remade then base = base - before end
  if is_new or is_remade or added ~= before then
    for _, value in ipairs({stage .. ':added', added, stage .. ':base', base}) do set[#set + 1] = value end
  end
  return added - length - removed - base
end

local function vanished(K, A)
  A.at = 0
  local ok, answer = pcall(function()
    local inbox, counts, set = text(A), {}, {}
    ended(A)
    if #K == 0 or #K > TOPICS_MAX then stop('BADARG 1') end
    for i = 2, #K do counts[i - 1] = vanished_from(K[1], K[i], set) end
    counts[#K] = vanished_from(K[1], inbox, set)
    if set[1] then redis.call('HSET', K[1], unpack(set)) end
    return counts
  end)
  return ok and answer or refusal(answer)
end

redis.register_function{function_name = 'sp1_leave', callback = leave, flags = {'allow-oom'}}
redis.register_function{function_name = 'sp1_vanished', callback = vanished, flags = {'allow-oom'}}
