-- A part of a commit: marks of records that may pass only once, see parts.lua. A mark `<ms> <id>` says when
-- which record passed; it holds for `within`, and that record passes again: it is the same one. Marks
-- stand in hashes, one for the records of each `within` of time, so that old ones vanish together.
-- KEYS  the hashes of the time before, of now, and of the time behind (the clocks of two workers may differ)
-- ARGV  now_ms within_ms expire_ms n (key id)*n     distinct keys; the hash of now expires then
-- Refuses  TWICE key: another record was there before
-- Cost  HLEN each; HMGET of the three and HSET, in slices

local once_part = {SLICE = 1000}      -- marks; unpack() gives up at 8,000 values

-- Whether the record passed before; raises the refusal when another one did.
function once_part.is_known(plan, mark, key, id)
  local ms, by = mark:match('^(%d+) (.*)$')
  if not ms then stop('COUNT ' .. plan.hash .. ' ' .. key) end
  if tonumber(ms) + plan.within <= plan.now then return false end
  if by ~= id then stop('TWICE ' .. key) end
  return true
end

function once_part.slice(plan, A, n)
  local given, keys, set, was = list(A, 2 * n), {}, {}, {}
  for i = 1, n do keys[i] = given[2 * i - 1] end
  for _, hash in ipairs(plan.there) do was[#was + 1] = read('HMGET', hash, unpack(keys)) end
  for i, key in ipairs(keys) do
    local id, known = given[2 * i], false
    for _, marks in ipairs(was) do
      if marks[i] and once_part.is_known(plan, marks[i], key, id) then known = true end
    end
    if not known then
      set[#set + 1] = key
      set[#set + 1] = plan.time .. id
    end
  end
  if set[1] then plan[#plan + 1] = set end
end

parts.once = {
  check = function(keys, A)
    if #keys ~= 3 then stop('BADARG ' .. A.at) end
    local plan = {hash = keys[2], there = {}}
    plan.time = text(A) .. ' '
    A.at = A.at - 1
    plan.now, plan.within, plan.expire = number(A, COUNT_MAX), number(A, COUNT_MAX), number(A, COUNT_MAX)
    for _, hash in ipairs(keys) do
      if read('HLEN', hash) > 0 then plan.there[#plan.there + 1] = hash end
    end
    local left = number(A, ARGS_MAX)
    while left > 0 do
      local n = math.min(left, once_part.SLICE)
      left = left - n
      once_part.slice(plan, A, n)
    end
    want_grant('HSET', plan.hash, 'k', 'v')
    want_grant('PEXPIREAT', plan.hash, plan.expire)
    return plan
  end,
  write = function(plan)
    for _, set in ipairs(plan) do redis.call('HSET', plan.hash, unpack(set)) end
    if plan[1] then redis.call('PEXPIREAT', plan.hash, plan.expire) end
  end,
}
