-- A part of a commit: rows of a window's panes, see parts.lua. A pane that is closed is moved no more:
-- what was made of it went out already.
-- KEYS  state | panes | pane*       hash; sorted set of starts in s; hash of a pane: row by group
-- ARGV  every_ms max_groups newest_ms late
--       nvalues (name op decimals)*     op as in window_values.lua, or distinct (HyperLogLog), top (sorted set)
--       each pane: start_s expire_ms ngroups (group value*)*     expire in unix ms; 0: never
--       a value of distinct: n text*; of top: n (text count)*; of others as window_values.lua says
-- Refuses  CLOSED state ms: a pane ends at or before `closed`, which is ms
-- Cost  a pane: HMGET, HLEN, HSET, ZADD, PEXPIREAT; a sketch of a group: PFADD or ZINCRBYs, PEXPIREAT

local TOP_MAX = 10000                 -- members of a top list; beyond, the least are forgotten
local OTHER = '~other'                -- the group of those that were too many

local sketches = {
  distinct = {command = 'PFADD', count = 'PFCOUNT', stride = 1},
  top = {command = 'ZINCRBY', count = 'ZCARD', stride = 2},
}

local function window_values_read(A)
  local values = {}
  for i = 1, number(A, FIELDS_MAX) do
    local v = {name = text(A), op = text(A), decimals = number(A, 15)}
    if not row_merge[v.op] and not sketches[v.op] then stop('BADARG ' .. A.at - 1) end
    values[i] = v
  end
  return values
end

local function sketch_read(plan, pane, group, v, A)
  local kind = sketches[v.op]
  local n = number(A, ARGS_MAX)
  local args = list(A, n * kind.stride)
  if n == 0 then return end
  local key = pane.key .. ':' .. v.name .. ':' .. group
  read(kind.count, key)
  want_grant(kind.command, key, '1', 'x')
  plan.sketches[#plan.sketches + 1] = {key = key, op = v.op, args = args, expire = pane.expire}
end

local function row_write(values, members)
  local out = {}
  for i, v in ipairs(values) do
    if members[v.name] then out[#out + 1] = '"' .. v.name .. '":' .. members[v.name] end
  end
  return '{' .. table.concat(out, ',') .. '}'
end

-- Rows of the pane as far as they were read; a group that is one too many is the other one.
local function row_of(pane, group, max)
  local raw = pane.raw[group]
  if raw == nil then
    raw = read('HGET', pane.key, group)
    if not raw and group ~= OTHER and pane.groups >= max then return row_of(pane, OTHER, max) end
    if not raw and group ~= OTHER then pane.groups = pane.groups + 1 end
    pane.raw[group] = row_members(raw or nil)
    pane.order[#pane.order + 1] = group
  end
  return group, pane.raw[group]
end

local function pane_read(plan, key, A)
  local start, expire = number(A, COUNT_MAX), number(A, COUNT_MAX)
  if start * 1000 + plan.every <= plan.closed then
    stop('CLOSED ' .. plan.state .. ' ' .. ('%d'):format(plan.closed))
  end
  local pane = {key = key, start = start, expire = expire, groups = read('HLEN', key), raw = {}, order = {}}
  for _ = 1, number(A, ARGS_MAX) do
    local group, members = row_of(pane, text(A), plan.max)
    for _, v in ipairs(plan.values) do
      local merge = row_merge[v.op]
      if merge then
        members[v.name] = merge(members[v.name], A, v.decimals)
      else
        sketch_read(plan, pane, group, v, A)
      end
    end
  end
  want_grant('HSET', key, 'f', 'v')
  plan.panes[#plan.panes + 1] = pane
end

local function window_check(keys, A)
  local plan = {state = keys[1], index = keys[2], panes = {}, sketches = {}}
  if not plan.index then stop('BADARG ' .. A.at) end
  plan.every, plan.max = number(A, COUNT_MAX), number(A, COUNT_MAX)
  plan.newest, plan.late = number(A, COUNT_MAX), number(A, COUNT_MAX)
  plan.values = window_values_read(A)
  local state = read('HMGET', plan.state, 'closed', 'newest', 'late')
  plan.closed = integer(state[1] or '0') or stop('COUNT ' .. plan.state .. ' closed')
  plan.newest = math.max(plan.newest, integer(state[2] or '0') or stop('COUNT ' .. plan.state .. ' newest'))
  plan.late = plan.late + (integer(state[3] or '0') or stop('COUNT ' .. plan.state .. ' late'))
  read('ZCARD', plan.index)
  for i = 3, #keys do pane_read(plan, keys[i], A) end
  want_grant('HSET', plan.state, 'f', 'v')
  want_grant('ZADD', plan.index, 0, 'x')
  want_grant('PEXPIREAT', plan.state, 1)
  return plan
end

local function sketch_write(s)
  if s.op == 'distinct' then
    for at = 1, #s.args, FIELDS_MAX do
      redis.call('PFADD', s.key, unpack(s.args, at, math.min(at + FIELDS_MAX - 1, #s.args)))
    end
  else
    for at = 1, #s.args, 2 do redis.call('ZINCRBY', s.key, s.args[at + 1], s.args[at]) end
    redis.call('ZREMRANGEBYRANK', s.key, 0, -TOP_MAX - 1)
  end
  if s.expire > 0 then redis.call('PEXPIREAT', s.key, s.expire) end
end

local function window_write(plan)
  redis.call('HSET', plan.state, 'newest', ('%d'):format(plan.newest), 'late', ('%d'):format(plan.late),
    'moved', ('%d'):format(now_ms()))
  for _, pane in ipairs(plan.panes) do
    for _, group in ipairs(pane.order) do
      redis.call('HSET', pane.key, group, row_write(plan.values, pane.raw[group]))
    end
    redis.call('ZADD', plan.index, pane.start, ('%d'):format(pane.start))
    if pane.expire > 0 then redis.call('PEXPIREAT', pane.key, pane.expire) end
  end
  for _, s in ipairs(plan.sketches) do sketch_write(s) end
end

parts.window = {check = window_check, write = window_write}

-- sp1_window: such a part alone, for a recount beside the window itself. It answers nothing that counts.
redis.register_function('sp1_window', function(K, A)
  A.at = 0
  local ok, plan = pcall(function()
    local plan = window_check(K, A)
    ended(A)
    return plan
  end)
  if not ok then return refusal(plan) end
  window_write(plan)
  return #plan.panes
end)
