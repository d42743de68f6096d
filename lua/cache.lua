-- What a pool of look-ups remembers: two hashes, `new` and `old`. What is put goes into `new`; when that holds half of
-- what is allowed it becomes `old`, and what was `old` is gone: so what is used stays, as reading from `old` moves it up.
-- One worker fetches a key: the one whose token stands in its lease.
--
-- sp1_cache_put: values that were fetched, and moves up. Not for a full Redis: OOM, and nothing is kept.
-- KEYS  new old about lease*        a lease a value
-- ARGV  token epoch entries bytes keep_ms n (field value)*n moves field*moves    at most 256 in both
-- Answer  for each value 1; or 0: its lease is not mine, it is too large, or what I know is older than the last drop.
--         Leases that are mine are given up. Or WRONGTYPE key, BADARG place, COMMIT text.
-- Cost  HMGET, HLEN, MGET; HSTRLEN and HSET a value; DEL; with moves HMGET twice; PEXPIRE twice
--
-- sp1_lease (allow-oom): leases of mine are held for longer, or given up.
-- KEYS  lease*
-- ARGV  token ms                    0: given up
-- Answer  for each lease 1; 0: it is not mine
--
-- sp1_cache_tell (allow-oom): what workers counted; the answer tells whether something was dropped.
-- KEYS  about
-- ARGV  keep_ms (field delta)*
-- Answer  the epoch: another one says that what a worker remembers is to be forgotten
--
-- sp1_cache_drop (allow-oom): some fields go, or all.
-- KEYS  new old about lease*        leases of fetches under way: what they put is not kept
-- ARGV  field*                      none: all
-- Answer  how many went

local cache = {}

cache.ITEMS_MAX = 256
cache.OVERHEAD = 64                   -- bytes of an entry beside its texts: what a large hash takes for one
cache.ABOUT_KEEP_MS = 86400000

function cache.whole(n) return string.format('%.0f', n) end

function cache.count(s) return s and integer(s) or 0 end

function cache.want_hashes(...)
  for _, key in ipairs({...}) do want_type(key, 'hash') end
end

-- What `new` would grow by; less when the field is there.
function cache.room(P, field, value)
  local was = read('HSTRLEN', P.new, field)
  local size = #field + #value + cache.OVERHEAD
  return size, was > 0 and size - (#field + was + cache.OVERHEAD) or size, was > 0 and 0 or 1
end

function cache.add(P, field, value)
  local size, grows, more = cache.room(P, field, value)
  if P.size + size > P.bytes / 2 or #P.set / 2 + 1 > P.entries / 2 then return 0 end
  P.set[#P.set + 1] = field
  P.set[#P.set + 1] = value
  P.size, P.grows, P.more = P.size + size, P.grows + grows, P.more + more
  return 1
end

function cache.values(P, K, A)
  local n = number(A, cache.ITEMS_MAX)
  if #K ~= 3 + n then stop('BADARG ' .. A.at) end
  local owners = n > 0 and read('MGET', unpack(K, 4)) or {}
  for i = 1, n do
    local field, value = text(A), text(A)
    P.mine[i] = owners[i] == P.token and K[3 + i] or nil
    P.answer[i] = P.mine[i] and P.epoch == P.dropped and cache.add(P, field, value) or 0
  end
end

function cache.moves(P, A)
  local n = number(A, cache.ITEMS_MAX)
  local fields = list(A, n)
  if n == 0 then return end
  local old, new = read('HMGET', P.old, unpack(fields)), read('HMGET', P.new, unpack(fields))
  for i, field in ipairs(fields) do
    if old[i] and not new[i] then cache.add(P, field, old[i]) end
  end
end

function cache.put_body(K, A)
  local P = {new = K[1], old = K[2], about = K[3], token = text(A), epoch = text(A), entries = number(A, COUNT_MAX),
             bytes = number(A, COUNT_MAX), mine = {}, answer = {}, set = {}, size = 0, grows = 0, more = 0}
  local keep = number(A, COUNT_MAX / 2)
  if #K < 3 or keep == 0 then stop('BADARG 5') end
  cache.want_hashes(P.new, P.old, P.about)
  local about = read('HMGET', P.about, 'dropped', 'bytes', 'turned', 'puts')
  P.dropped = about[1] or ''
  cache.values(P, K, A)
  cache.moves(P, A)
  ended(A)
  local held = read('HLEN', P.new)
  local bytes, turned = held > 0 and cache.count(about[2]) or 0, cache.count(about[3])
  local is_full = held > 0 and P.set[1] and (held + P.more > P.entries / 2 or bytes + P.grows > P.bytes / 2)
  want_grant('HSET', P.new, 'f', 'v')
  want_grant('PEXPIRE', P.new, '1')
  want_grant('HSET', P.about, 'f', 'v')
  want_grant('PEXPIRE', P.about, '1')
  if is_full then
    want_grant('UNLINK', P.old)
    want_grant('RENAME', P.new, P.old)
  end
  if K[4] then want_grant('DEL', K[4]) end

  if is_full then
    redis.call('UNLINK', P.old)                 -- a large one is freed beside
    redis.call('RENAME', P.new, P.old)
    redis.call('HSET', P.about, 'old_bytes', cache.whole(bytes))
    bytes, turned, P.grows = 0, turned + 1, P.size
  end
  if P.set[1] then
    redis.call('HSET', P.new, unpack(P.set))
    redis.call('PEXPIRE', P.new, cache.whole(keep))
    redis.call('HSET', P.about, 'bytes', cache.whole(bytes + P.grows), 'turned', cache.whole(turned), 'puts',
               cache.whole(cache.count(about[4]) + #P.set / 2))
    redis.call('PEXPIRE', P.about, cache.whole(math.max(keep, cache.ABOUT_KEEP_MS)))
  end
  for _, lease in pairs(P.mine) do redis.call('DEL', lease) end
  return P.answer
end

function cache.lease_body(K, A)
  local token, ms, answer = text(A), number(A, COUNT_MAX / 2), {}
  ended(A)
  if #K == 0 or #K > cache.ITEMS_MAX then stop('BADARG 1') end
  local owners = read('MGET', unpack(K))
  want_grant('DEL', K[1])
  want_grant('PEXPIRE', K[1], '1')
  for i, key in ipairs(K) do
    local is_mine = owners[i] == token
    answer[i] = is_mine and 1 or 0
    if is_mine and ms == 0 then redis.call('DEL', key) end
    if is_mine and ms > 0 then redis.call('PEXPIRE', key, cache.whole(ms)) end
  end
  return answer
end

function cache.tell_body(K, A)
  local keep, set = number(A, COUNT_MAX / 2), {}
  if #K ~= 1 or keep == 0 or #A % 2 == 0 or #A > 2 * FIELDS_MAX then stop('BADARG 1') end
  cache.want_hashes(K[1])
  local about = {}
  for i = 2, #A, 2 do
    local delta = integer(A[i + 1]) or stop('BADARG ' .. i + 1)
    about[A[i]] = (about[A[i]] or cache.count(read('HGET', K[1], A[i]))) + delta
  end
  want_grant('HSET', K[1], 'f', 'v')
  want_grant('PEXPIRE', K[1], '1')
  for field, value in pairs(about) do
    set[#set + 1] = field
    set[#set + 1] = cache.whole(value)
  end
  if set[1] then
    redis.call('HSET', K[1], unpack(set))
    redis.call('PEXPIRE', K[1], cache.whole(math.max(keep, cache.ABOUT_KEEP_MS)))
  end
  return read('HGET', K[1], 'dropped') or ''
end

-- The fields of one hash; what that leaves of its bytes.
function cache.drop_some(key, bytes, fields)
  local gone = 0
  for _, field in ipairs(fields) do
    local length = redis.call('HSTRLEN', key, field)
    local is_gone = redis.call('HDEL', key, field)
    gone = gone + is_gone
    bytes = bytes - is_gone * (#field + length + cache.OVERHEAD)
  end
  return gone, cache.whole(math.max(bytes, 0))
end

function cache.drop_body(K, A)
  if #K < 3 or #A > cache.ITEMS_MAX then stop('BADARG 1') end
  local new, old, about = K[1], K[2], K[3]
  cache.want_hashes(new, old, about)
  local was, clock = read('HMGET', about, 'bytes', 'old_bytes'), redis.call('TIME')
  want_grant('UNLINK', new, old)
  want_grant('HDEL', new, 'f')
  want_grant('HSET', about, 'f', 'v')
  want_grant('PEXPIRE', about, '1')
  if K[4] then want_grant('DEL', K[4]) end

  local gone, left, old_gone, old_left = redis.call('HLEN', new), '0', redis.call('HLEN', old), '0'
  if A[1] then
    gone, left = cache.drop_some(new, cache.count(was[1]), A)
    old_gone, old_left = cache.drop_some(old, cache.count(was[2]), A)
  else
    redis.call('UNLINK', new, old)
  end
  for i = 4, #K do redis.call('DEL', K[i]) end
  redis.call('HSET', about, 'bytes', left, 'old_bytes', old_left, 'dropped', cache.whole(clock[1] * 1000000 + clock[2]))
  redis.call('PEXPIRE', about, cache.whole(cache.ABOUT_KEEP_MS * 30))
  return gone + old_gone
end

function cache.door(body)
  return function(K, A)
    A.at = 0
    local ok, answer = pcall(body, K, A)
    return ok and answer or refusal(answer)
  end
end

redis.register_function{function_name = 'sp1_cache_put', callback = cache.door(cache.put_body)}
redis.register_function{function_name = 'sp1_lease', callback = cache.door(cache.lease_body), flags = {'allow-oom'}}
redis.register_function{function_name = 'sp1_cache_tell', callback = cache.door(cache.tell_body), flags = {'allow-oom'}}
redis.register_function{function_name = 'sp1_cache_drop', callback = cache.door(cache.drop_body), flags = {'allow-oom'}}
