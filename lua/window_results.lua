-- What a window says of a group, over one pane or several.

local result_frame, result_of

do
  -- `2026-11-23T06:00:00Z` of seconds since the epoch: days to a date in the proleptic Gregorian calendar,
  -- by years that begin in March, so that the odd day stands last.
  local function iso_time(s)
    local days, rest = math.floor(s / 86400) + 719468, s % 86400      -- since 0000-03-01
    local era, day = math.floor(days / 146097), days % 146097         -- of 400 years
    local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
    day = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
    local month = math.floor((5 * day + 2) / 153)                     -- from March, 0
    day = day - math.floor((153 * month + 2) / 5) + 1
    month = month < 10 and month + 3 or month - 9
    year = year + 400 * era + (month <= 2 and 1 or 0)
    return ('%04d-%02d-%02dT%02d:%02d:%02dZ'):format(year, month, day, math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60)
  end

  -- What is the same for all results of a window.
  function result_frame(name, from_ms, to_ms)
    return ('"window":%s,"start":"%s","end":"%s",'):format(cjson.encode(name), iso_time(from_ms / 1000), iso_time(to_ms / 1000))
  end

  -- A value as the arguments that would make it from nothing.
  local function same(raw) return {raw == 'null' and '' or raw} end
  local function by_time_parts(raw)
    local ms, id, value = raw:match('^%[(%d+),"([^"]*)",(.*)%]$')
    return ms and {ms, id, value} or {'', '', ''}
  end
  local row_parts = {
    count = same, sum = same, min = same, max = same, first = by_time_parts, last = by_time_parts,
    avg = function(raw)
      local sum, n = raw:match('^%[([^,]+),(%d+)%]$')
      return {sum or '', n or '0'}
    end,
  }

  -- The row of a group over all panes; nil: it is in none of them.
  local function row_over(panes, group, values)
    local sum
    for _, pane in ipairs(panes) do
      local raw = read('HGET', pane, group)
      if raw then
        local members = row_members(raw)
        sum = sum or {}
        for _, v in ipairs(values) do
          local A = members[v.name] and row_merge[v.op] and row_parts[v.op](members[v.name])
          if A then
            A.at = 0
            sum[v.name] = row_merge[v.op](sum[v.name], A, v.decimals)
          end
        end
      end
    end
    return sum
  end

  local function average(raw, decimals)
    local sum, n = (raw or ''):match('^%[([^,]+),(%d+)%]$')
    return tonumber(sum) and tonumber(n) > 0 and ('%.' .. decimals .. 'f'):format(sum / n) or 'null'
  end

  -- The most frequent first, of equals the greater text.
  local function top_list(keys, k)
    for _, key in ipairs(keys) do read('ZCARD', key) end
    local args = {unpack(keys)}
    args[#args + 1] = 'WITHSCORES'
    local all, list = redis.call('ZUNION', #keys, unpack(args)), {}
    for at = #all - 1, math.max(#all - 2 * k + 1, 1), -2 do
      list[#list + 1] = '{"key":' .. cjson.encode(all[at]) .. ',"count":' .. all[at + 1] .. '}'
    end
    return '[' .. table.concat(list, ',') .. ']'
  end

  local function sketch_keys(panes, v, group)
    local keys = {}
    for i, pane in ipairs(panes) do keys[i] = pane .. ':' .. v.name .. ':' .. group end
    return keys
  end

  local function value_shown(v, row, panes, group)
    local raw = row[v.name]
    if v.op == 'avg' then return average(raw, v.decimals) end
    if v.op == 'first' or v.op == 'last' then return raw and by_time_parts(raw)[3]:gsub('^$', 'null') or 'null' end
    if v.op == 'distinct' then return ('%d'):format(read('PFCOUNT', unpack(sketch_keys(panes, v, group)))) end
    if v.op == 'top' then return top_list(sketch_keys(panes, v, group), v.k) end
    return raw or (v.op == 'count' and '0' or 'null')
  end

  -- The texts that make a group, as JSON; a group that stands for others is all of them by its name.
  local function group_texts(group, n)
    if n == 1 then return {group == '~none' and 'null' or cjson.encode(group)} end
    local texts, at = {}, 1
    while group:sub(1, 1) == '[' and #texts < n do
      local behind = json_behind(group, at + 1)
      if not behind then break end
      texts[#texts + 1] = group:sub(at + 1, behind - 1)
      at = behind
    end
    for i = #texts + 1, n do texts[i] = cjson.encode(group) end
    return texts
  end

  -- The members of a result behind those that are the same for all of the window; nil: nothing is left of
  -- the group. `names`: of the members of the key, as JSON.
  function result_of(group, names, values, panes)
    local row = row_over(panes, group, values)
    if not row then return nil end
    local out = {}
    for i, text in ipairs(group_texts(group, #names)) do out[i] = names[i] .. ':' .. text end
    for _, v in ipairs(values) do
      out[#out + 1] = '"' .. v.name .. '":' .. value_shown(v, row, panes, group)
    end
    return table.concat(out, ',')
  end
end
