-- Output entries of an EXEC whose last command refuses. EXEC is isolated, so the last m entries of
-- an output are those it added. 64 at a time, because their bytes pass through Lua.

local function outputs_undo(K, first, added)
  for i, m in ipairs(added) do
    local key = K[first + i - 1]
    local left = key and redis.call('TYPE', key).ok == 'stream' and m or 0
    while left > 0 do
      local ids = {}
      for j, e in ipairs(redis.call('XREVRANGE', key, '+', '-', 'COUNT', math.min(left, 64))) do
        ids[j] = e[1]
      end
      if not ids[1] then break end
      redis.call('XDEL', key, unpack(ids))
      left = left - #ids
    end
  end
end
