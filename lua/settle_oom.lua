-- sp1_settle_oom (allow-oom): the commit of a full Redis, which refuses every MULTI that adds. Alone,
-- not in a MULTI; it adds the outputs itself, so their bytes pass through Lua: slower, but it drains.
-- KEYS  as sp1_settle
-- ARGV  as sp1_settle, and behind it for each output, for each of its m entries: nargs (field value)*
-- Answer  as sp1_settle
-- Cost  as sp1_settle, and XADD an entry: 2 ns a byte for Lua's hash of every byte

local function entries_read(P, K, A)
  local entries = {}
  for i, m in ipairs(P.added) do
    for _ = 1, m do
      local n = number(A, 2 * FIELDS_MAX)
      if n == 0 or n % 2 == 1 then stop('BADARG ' .. A.at) end
      entries[#entries + 1] = {key = K[1 + i], args = list(A, n)}
    end
  end
  return entries
end

-- XADD can fail (no grant, a stream whose last id is the highest there is): take back what came before.
local function entries_add(entries)
  for i, e in ipairs(entries) do
    local id = redis.pcall('XADD', e.key, '*', unpack(e.args))
    if type(id) == 'table' then
      for j = i - 1, 1, -1 do
        count_removed(entries[j].key, redis.call('XDEL', entries[j].key, entries[j].id))
      end
      return 'XADD ' .. e.key .. ': ' .. id.err
    end
    e.id = id
  end
end

local function settle_oom(K, A)
  local P = {added = {}, adds = true, counts = counts_new(), parts = {}}
  A.at = 0
  local ok, entries = pcall(function()
    settle_check(P, K, A)
    local entries = entries_read(P, K, A)
    ended(A)
    return entries
  end)
  local why = not ok and entries or entries_add(entries)
  if why then return refusal(why) end
  return settle_write(P, K)
end

redis.register_function{function_name = 'sp1_settle_oom', callback = settle_oom, flags = {'allow-oom'}}
