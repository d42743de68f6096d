-- Output entries of an EXEC whose last command refuses. EXEC is isolated, so the last m entries of
-- an output are those it added. 64 at a time, because their bytes pass through Lua.

-- Why XADD may have added nothing, or not all: the grant was taken away after the queueing; or the
-- stream's last id is the highest there is. The probe never adds: its id is below all of ours.
local function output_failed(key)
  if not redis.acl_check_cmd('XADD', key, '*', 'f', 'v') then return 'COMMIT NOPERM XADD' end
  local probe = redis.pcall('XADD', key, 'NOMKSTREAM', '0-1', 'f', 'v')
  if type(probe) == 'string' then redis.call('XDEL', key, probe) end
  return type(probe) == 'table' and probe.err and probe.err:find('exhausted', 1, true) and 'EXHAUSTED ' .. key
end

-- Before anything else: what an output did not take cannot be undone, that would be the entries of
-- others. Of an exhausted stream the client takes back by their ids what it was told of.
local function outputs_check(K, first, added)
  local failed
  for i, m in ipairs(added) do
    local key = K[first + i - 1]
    local why = key and m > 0 and output_failed(key)
    if why then added[i], failed = 0, failed or why end
  end
  if failed then stop(failed) end
end

local function outputs_undo(K, first, added)
  for i, m in ipairs(added) do
    local key = K[first + i - 1]
    local left = key and redis.call('TYPE', key).ok == 'stream' and m or 0
    local undone = 0
    while left > 0 do
      local ids = {}
      for j, e in ipairs(redis.call('XREVRANGE', key, '+', '-', 'COUNT', math.min(left, 64))) do
        ids[j] = e[1]
      end
      if not ids[1] then break end
      redis.call('XDEL', key, unpack(ids))
      left, undone = left - #ids, undone + #ids
    end
    if undone > 0 then count_removed(key, undone) end
  end
end
