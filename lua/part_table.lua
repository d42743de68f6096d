-- A part of a commit: rows of a table that a stream writes, see parts.lua. The last value by event time
-- wins, of two with the same time the larger text by its bytes: whatever the order of the records, the
-- table is the same.
-- KEYS  table, its times, the books
-- ARGV  max n (key ms value)*n   distinct keys; new ones beyond `max` rows are not stored but counted, in
--                                `table:<name>:refused` of the books
-- Cost  HLEN; HMGET and HSET in slices; HEXISTS a new row, HGET one with the same time

local table_part = {SLICE = 300}      -- rows; unpack() takes three values of each

function table_part.is_newer(plan, key, ms, value, was)
  if was then return ms > was or ms == was and text_less(read('HGET', plan.table, key) or '', value) end
  if read('HEXISTS', plan.table, key) == 1 then return true end
  plan.room = plan.room - 1
  if plan.room < 0 then plan.refused = plan.refused + 1 end
  return plan.room >= 0
end

function table_part.slice(plan, A, n)
  local at, given, keys, rows, times = A.at, list(A, 3 * n), {}, {}, {}
  for i = 1, n do keys[i] = given[3 * i - 2] end
  local known = read('HMGET', plan.at, unpack(keys))
  for i = 1, n do
    local ms, value = integer(given[3 * i - 1]) or stop('BADARG ' .. at + 3 * i - 1), given[3 * i]
    local was = known[i] and (integer(known[i]) or stop('COUNT ' .. plan.at .. ' ' .. keys[i]))
    if table_part.is_newer(plan, keys[i], ms, value, was) then
      rows[#rows + 1], times[#times + 1] = keys[i], keys[i]
      rows[#rows + 1], times[#times + 1] = value, ms
    end
  end
  if rows[1] then plan[#plan + 1] = {rows = rows, times = times} end
end

function table_part.refuse(plan)
  plan.field = 'table:' .. plan.table:match('[^:]*$') .. ':refused'
  local was = integer(read('HGET', plan.books, plan.field) or '0')
  plan.now = was and was + plan.refused
  if not plan.now or plan.now > COUNT_MAX then stop('COUNT ' .. plan.books .. ' ' .. plan.field) end
  want_grant('HSET', plan.books, plan.field, plan.now)
end

parts.table = {
  check = function(keys, A)
    if #keys ~= 3 then stop('BADARG ' .. A.at) end
    local plan = {table = keys[1], at = keys[2], books = keys[3], refused = 0}
    local max, left = number(A, COUNT_MAX), number(A, ARGS_MAX)
    plan.room = math.max(max - read('HLEN', plan.table), 0)
    while left > 0 do
      local n = math.min(left, table_part.SLICE)
      left = left - n
      table_part.slice(plan, A, n)
    end
    if plan.refused > 0 then table_part.refuse(plan) end
    want_grant('HSET', plan.table, 'k', 'v')
    want_grant('HSET', plan.at, 'k', '1')
    return plan
  end,
  write = function(plan)
    for _, slice in ipairs(plan) do
      redis.call('HSET', plan.table, unpack(slice.rows))
      redis.call('HSET', plan.at, unpack(slice.times))
    end
    if plan.now then redis.call('HSET', plan.books, plan.field, plan.now) end
  end,
}
