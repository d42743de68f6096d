-- Counts of a hash, moved by `n (field delta)*n`: worked out by reading, written later. HMGET and
-- HSET are two commands where HINCRBY would be one a field, and can no longer fail half-way.
-- C keeps what was read and what it becomes: C.now[key][field], C.values in order, C.was the first
-- of all as it was, C.hashes to write.

local function counts_new()
  return {now = {}, values = {}, hashes = {}}
end

local function set_later(C, key, set, expire)
  if set[1] then want_grant('HSET', key, 'f', 'v') end
  if expire > 0 then want_grant('PEXPIREAT', key, expire) end
  C.hashes[#C.hashes + 1] = {key = key, set = set, expire = expire}
end

-- `more`: a field of our own, moved along with the others, but no part of the answer.
local function counts_slice(C, key, A, n, expire, more)
  local at, values = A.at, C.values
  local set = list(A, 2 * n)
  local asked = n
  if more then
    n = n + 1
    set[2 * n - 1], set[2 * n] = more.field, more.delta
  end
  local fields = {unpack(set, 1, n)}
  for i = 1, n do fields[i] = set[2 * i - 1] end
  local old = read('HMGET', key, unpack(fields))
  local now = C.now[key] or {}
  C.now[key] = now
  for i = 1, n do
    local field, delta = fields[i], integer(set[2 * i]) or stop('BADARG ' .. at + 2 * i)
    local was = now[field] or integer(old[i] or '0')
    local v = was and was + delta
    if not v or v > COUNT_MAX or v < -COUNT_MAX then stop('COUNT ' .. key .. ' ' .. field) end
    if not C.was then C.was = was end
    now[field] = v
    if i <= asked then values[#values + 1] = v end
    set[2 * i] = v
  end
  set_later(C, key, set, expire)
end

-- A window may count as many keys as the batch has records: in slices that unpack() takes.
local function counts_read(C, key, A, expire, more)
  local left = number(A, ARGS_MAX)
  if left == 0 and not more then want_type(key, 'hash') end
  while left > 0 or more do
    local n = math.min(left, FIELDS_MAX)
    left = left - n
    counts_slice(C, key, A, n, left == 0 and expire or 0, more)
    more = nil
  end
end

local function counts_write(C)
  for _, h in ipairs(C.hashes) do
    if h.set[1] then redis.call('HSET', h.key, unpack(h.set)) end
    if h.expire > 0 then redis.call('PEXPIREAT', h.key, h.expire) end
  end
end
