-- sp1_close: closes the panes of a window that nothing may come for any more, and hands its results on as
-- records, some at a call and each once, whoever calls.
-- KEYS  state panes books | topic of the results, if any
-- ARGV  name every_ms over_ms lateness_ms idle_ms keep_ms high     idle_ms: 0 never;
--       clock: 1 by the clock of Redis, 0 by event time                  high: mark of the topic
--       nkeys name*                     members of the key, as JSON
--       nvalues (name op decimals k)*
-- Answer  {closed_ms, results, left}: results handed on by this call, left is 1 when there may be more; or FULL n,
--         WRONGTYPE key, BADARG place, COUNT key field, COMMIT text: nothing was changed
--
-- sp1_results (allow-oom; PFCOUNT keeps it from being no-writes): what a window says of some groups so far.
-- KEYS  pane*
-- ARGV  name from_ms to_ms nkeys name* nvalues (name op decimals k)* group*      as above
-- Answer  a JSON object a group that is in one of the panes; or WRONGTYPE key, BADARG place
--
-- Cost  of a group with results: HGET, and PFCOUNT or ZUNION of each sketch, a pane; as many groups a call as
--       take some 10 ms, one at least

do
  local VALUES_MAX = 2500               -- values of rows, of all panes, that a call reads: some 4 us each
  local GROUPS_MAX = 4000               -- groups gathered a call
  local GROUPS_AT_ONCE = 500
  local LAST_ID = '18446744073709551615-18446744073709551615'
  local ENTRY_BYTES = 60000             -- of results, before the last one

  local function result_arguments(w, A)
    w.names = list(A, number(A, FIELDS_MAX))
    w.values = {}
    for i = 1, number(A, FIELDS_MAX) do
      w.values[i] = {name = text(A), op = text(A), decimals = number(A, 15), k = number(A, ARGS_MAX)}
    end
  end

  local function close_arguments(K, A)
    local w = {state = K[1], index = K[2], books = K[3], topic = K[4], name = text(A)}
    w.every, w.over, w.lateness, w.idle = number(A, COUNT_MAX), number(A, COUNT_MAX), number(A, COUNT_MAX), number(A, COUNT_MAX)
    w.keep, w.high, w.by_clock = number(A, COUNT_MAX), number(A, COUNT_MAX), number(A, 1) == 1
    result_arguments(w, A)
    ended(A)
    if not w.books or K[5] or w.every == 0 or w.over % w.every ~= 0 then stop('BADARG 1') end
    return w
  end

  -- What stands in the state, as numbers.
  local function close_state(w)
    local fields = {'newest', 'closed', 'moved', 'ended', 'closing', 'gathered', 'cursor', 'sent', 'emitted'}
    local raw = read('HMGET', w.state, unpack(fields))
    for i, field in ipairs(fields) do
      w[field] = integer(raw[i] or '0') or stop('COUNT ' .. w.state .. ' ' .. field)
    end
    read('ZCARD', w.index)
    w.todo = w.state .. ':todo'
    want_type(w.todo, 'zset')
    want_grant('HSET', w.state, 'f', 'v')
    want_grant('HDEL', w.state, 'f')
  end

  -- Does a record or a file wait in any topic?
  local function is_any_waiting(books)
    local flat = read('HGETALL', books)
    for i = 1, #flat, 2 do
      if flat[i] ~= 'dead:records' and flat[i]:sub(-8) == ':records' and (integer(flat[i + 1]) or 0) > 0 then return true end
    end
    return false
  end

  -- The time up to which nothing is expected any more. A stream that stands still, with nothing on its way,
  -- has come to its end.
  local function watermark(w)
    if w.by_clock then return w.now - w.lateness end
    local last = redis.call('ZRANGE', w.index, -1, -1)[1]
    local is_still = w.idle > 0 and last and w.moved > 0 and w.now - w.moved >= w.idle
    if is_still and not is_any_waiting(w.books) then
      return math.max(w.newest - w.lateness, last * 1000 + w.every)
    end
    return w.newest - w.lateness
  end

  -- The end of the next window that has something in it, and is closed; nil: none is.
  local function next_end(w)
    local from = (w.ended + w.every - w.over) / 1000
    local first = redis.call('ZRANGE', w.index, ('%d'):format(math.max(from, 0)), '+inf', 'BYSCORE', 'LIMIT', 0, 1)[1]
    local ends = first and math.max(w.ended, first * 1000) + w.every
    return ends and ends <= w.closed and ends or nil
  end

  local function panes_of(w)
    local panes = {}
    for start = w.closing - w.over, w.closing - w.every, w.every do
      panes[#panes + 1] = w.state .. ':' .. ('%d'):format(start / 1000)
    end
    return panes
  end

  -- All groups of the window, pane by pane, into a list in the order of their bytes, so that the same groups
  -- make the same ids. True: they are all in it, and nothing was to be done.
  local function gather(w)
    local start, cursor = math.max(w.gathered, w.closing - w.over), ('%d'):format(w.cursor)
    if start >= w.closing then return true end
    local n = 0
    while start < w.closing and n < GROUPS_MAX do
      local found = read('HSCAN', w.state .. ':' .. ('%d'):format(start / 1000), cursor, 'COUNT', GROUPS_AT_ONCE)
      for i = 1, #found[2], 2 do redis.call('ZADD', w.todo, 0, found[2][i]) end
      n, cursor = n + #found[2] / 2 + 1, found[1]
      if cursor == '0' then start = start + w.every end
    end
    redis.call('HSET', w.state, 'gathered', ('%d'):format(start), 'cursor', cursor)
    return false
  end

  -- Results as entries of up to 64 KiB; a result is written once all is read.
  local function results_read(w, panes)
    local count = math.floor(VALUES_MAX / #panes / (#w.values + 1))
    local groups = redis.call('ZRANGE', w.todo, 0, math.max(count, 1) - 1)
    local entries, entry = {}, nil
    local frame = result_frame(w.name, w.closing - w.over, w.closing)
    for _, group in ipairs(groups) do
      local members = result_of(group, w.names, w.values, panes)
      if members then
        if not entry or entry.bytes >= ENTRY_BYTES then
          entry = {bytes = 0, row = w.sent + 1}
          entries[#entries + 1] = entry
        end
        w.sent = w.sent + 1
        local line = ('{"sp_id":"%s-%d-0",'):format(w.src, w.sent) .. frame .. members .. '}'
        entry[#entry + 1] = line
        entry.bytes = entry.bytes + #line + 1
      end
    end
    return groups, entries
  end

  local function results_send(w, entries)
    local records, bytes = 0, 0
    if not entries[1] then return 0 end
    for _, e in ipairs(entries) do
      local data = table.concat(e, '\n')
      redis.call('XADD', w.topic, '*', 'data', data, 'n', #e, 'src', w.src, 'row', e.row, 'at', ('%d'):format(w.now))
      records, bytes = records + #e, bytes + #data
    end
    local to = w.topic:match('[^:]+$')
    redis.call('HSET', w.books, to .. ':bytes', ('%d'):format(w.waiting[1] + bytes), to .. ':records',
      ('%d'):format(w.waiting[2] + records), to .. ':in', ('%d'):format(w.waiting[3] + records))
    redis.call('HSET', w.source, 'uri', ('window:%s/%d'):format(w.name, w.closing / 1000), 'seen', ('%d'):format(w.now),
      'rows', ('%d'):format(w.of_source[1] + records), 'open', ('%d'):format(w.of_source[2] + records))
    redis.call('PEXPIREAT', w.source, ('%d'):format(w.now + 30 * 24 * 3600 * 1000))
    return records
  end

  -- What no later window needs goes, after `keep`: sketches of what was told, the rows when all was told.
  local function expire_first(w, groups, is_all)
    local first = w.state .. ':' .. ('%d'):format((w.closing - w.over) / 1000)
    local at = ('%d'):format(w.now + w.keep)
    if is_all then redis.call('PEXPIREAT', first, at) end
    for _, group in ipairs(groups) do
      for _, v in ipairs(w.values) do
        if sketches[v.op] then redis.call('PEXPIREAT', first .. ':' .. v.name .. ':' .. group, at) end
      end
    end
  end

  -- XADD must not fail half-way; a probe with an id of its own would count as an entry that came in.
  local function topic_check(topic)
    want_grant('XADD', topic, '*', 'f', 'v')
    if read('XLEN', topic) == 0 and want_type(topic, 'stream') == 'none' then return end
    if fields_of(redis.call('XINFO', 'STREAM', topic))['last-generated-id'] == LAST_ID then stop('EXHAUSTED ' .. topic) end
  end

  local function emission_check(w)
    local to = w.topic:match('[^:]+$')
    topic_check(w.topic)
    w.src = redis.sha1hex(w.name .. ':' .. ('%d'):format(w.closing)):sub(1, 16)
    w.source = w.state:match('^(.-)window:') .. 'source:' .. w.src
    w.waiting = read('HMGET', w.books, to .. ':bytes', to .. ':records', to .. ':in')
    w.of_source = read('HMGET', w.source, 'rows', 'open')
    for _, counts in ipairs({w.waiting, w.of_source}) do
      for i = 1, counts == w.waiting and 3 or 2 do counts[i] = integer(counts[i] or '0') or stop('COUNT ' .. w.books .. ' ' .. to) end
    end
    if w.high > 0 and w.waiting[1] >= w.high then stop('FULL ' .. ('%d'):format(w.waiting[1])) end
    for _, command in ipairs({'ZADD', 'ZREMRANGEBYRANK'}) do want_grant(command, w.todo, 0, 0) end
    want_grant('HSET', w.books, 'f', 'v')
    want_grant('HSET', w.source, 'f', 'v')
    want_grant('PEXPIREAT', w.state, 1)
  end

  -- A part of the results of the window that is being closed.
  local function emit(w)
    emission_check(w)
    if not gather(w) then return 0 end
    local panes = panes_of(w)
    local groups, entries = results_read(w, panes)
    local records = results_send(w, entries)
    redis.call('ZREMRANGEBYRANK', w.todo, 0, #groups - 1)
    local is_all = redis.call('ZCARD', w.todo) == 0
    expire_first(w, groups, is_all)
    if is_all then
      redis.call('HSET', w.state, 'ended', ('%d'):format(w.closing), 'emitted', ('%d'):format(w.emitted + records))
      redis.call('HDEL', w.state, 'closing', 'gathered', 'cursor', 'sent')
    else
      redis.call('HSET', w.state, 'sent', ('%d'):format(w.sent), 'emitted', ('%d'):format(w.emitted + records))
    end
    return records
  end

  -- Starts of panes whose time to stay is over.
  local function forget_expired(w)
    for _, start in ipairs(redis.call('ZRANGE', w.index, 0, 15)) do
      if redis.call('EXISTS', w.state .. ':' .. start) == 1 then break end
      redis.call('ZREM', w.index, start)
    end
  end

  local function close_body(K, A)
    local w = close_arguments(K, A)
    w.now = now_ms()
    close_state(w)
    want_grant('ZREM', w.index, 'x')
    local closed = math.floor(watermark(w) / w.every) * w.every
    if closed > w.closed then
      w.closed = closed
      redis.call('HSET', w.state, 'closed', ('%d'):format(closed))
      if not w.topic then redis.call('HSET', w.state, 'ended', ('%d'):format(closed)) end   -- a topic of later gets what comes later
    end
    forget_expired(w)
    if not w.topic then return {w.closed, 0, 0} end
    if w.closing == 0 then
      w.closing = next_end(w) or 0
      if w.closing == 0 then return {w.closed, 0, 0} end
      redis.call('HSET', w.state, 'closing', ('%d'):format(w.closing))
    end
    return {w.closed, emit(w), 1}
  end

  local function close(K, A)
    A.at = 0
    local ok, answer = pcall(close_body, K, A)
    return ok and answer or refusal(answer)
  end

  local function results(K, A)
    A.at = 0
    local ok, answer = pcall(function()
      local w, found = {name = text(A), from = number(A, COUNT_MAX), to = number(A, COUNT_MAX)}, {}
      result_arguments(w, A)
      for _ = A.at + 1, #A do
        local members = result_of(text(A), w.names, w.values, K)
        found[#found + 1] = members and '{' .. result_frame(w.name, w.from, w.to) .. members .. '}'
      end
      return found
    end)
    return ok and answer or refusal(answer)
  end

  redis.register_function('sp1_close', close)
  redis.register_function{function_name = 'sp1_results', callback = results, flags = {'allow-oom'}}
end
