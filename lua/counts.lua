-- Counts of a hash, moved by `n (field delta)*n`: worked out by reading, written later. HMGET and
-- HSET are two commands where HINCRBY would be one a field, and can no longer fail half-way.
-- C keeps what was read and what it becomes: C.now[key][field], C.values in order, C.hashes.

local function counts_new()
  return {now = {}, values = {}, hashes = {}}
end

local function set_later(C, key, set, expire)
  if set[1] then want_grant('HSET', key, 'f', 'v') end
  if expire > 0 then want_grant('PEXPIREAT', key, expire) end
  C.hashes[#C.hashes + 1] = {key = key, set = set, expire = expire}
end

local function counts_read(C, key, A, expire)
  local n = number(A, FIELDS_MAX)
  local at, moves, fields, set = A.at, list(A, 2 * n), {}, {}
  if n == 0 then return want_type(key, 'hash') end
  for i = 1, n do fields[i] = moves[2 * i - 1] end
  local old = read('HMGET', key, unpack(fields))
  local now = C.now[key] or {}
  C.now[key] = now
  for i, field in ipairs(fields) do
    local delta = integer(moves[2 * i]) or stop('BADARG ' .. at + 2 * i)
    local was = now[field] or integer(old[i] or '0')
    local v = was and was + delta
    if not v or v > COUNT_MAX or v < -COUNT_MAX then stop('COUNT ' .. key .. ' ' .. field) end
    C.first = C.first or {was = was, now = v}
    now[field], C.values[#C.values + 1] = v, v
    set[2 * i - 1], set[2 * i] = field, v
  end
  set_later(C, key, set, expire)
end

local function counts_write(C)
  for _, h in ipairs(C.hashes) do
    if h.set[1] then redis.call('HSET', h.key, unpack(h.set)) end
    if h.expire > 0 then redis.call('PEXPIREAT', h.key, h.expire) end
  end
end
