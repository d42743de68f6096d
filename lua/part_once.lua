-- A part of a commit: marks of records that may pass only once, see parts.lua. A mark holds the id of
-- the record that set it, and that record passes again: it is the same one.
-- KEYS  a mark a record
-- ARGV  ttl_ms id*               an id a mark
-- Refuses  TWICE key: another record was there before
-- Cost  GET, and SET of a new one, a record

parts.once = {
  check = function(keys, A)
    local plan = {ttl = number(A, COUNT_MAX)}
    if plan.ttl == 0 then stop('BADARG ' .. A.at) end
    for _, key in ipairs(keys) do
      local id = text(A)
      local was = plan[key] or read('GET', key)
      if was and was ~= id then stop('TWICE ' .. key) end
      if not was then
        plan[key] = id
        plan[#plan + 1] = key
      end
    end
    if plan[1] then want_grant('SET', plan[1], 'v', 'PX', plan.ttl) end
    return plan
  end,
  write = function(plan)
    for _, key in ipairs(plan) do redis.call('SET', key, plan[key], 'PX', plan.ttl) end
  end,
}
