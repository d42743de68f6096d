-- sp1_redrive: dead letters go back into a topic as the entries they were, each of them once: its
-- letter goes in the same step. A letter that is gone is passed over, so a repeat moves nothing twice.
-- KEYS  dead books topic | hashes of their sources, distinct
-- ARGV  from to form               the stage they died in, the stage of the topic or `inbox`, and what they
--                                  are: record; job, a file to split; entry, all its fields in `data`
--       high expire                high mark of the topic in bytes, 0: none; of the sources, unix ms
--       n (id source)*n            at most 256; source: which of the sources, 0: none
-- Answer  {moved, gone}: of the first so many ids; the call ends early at some MiB or at the mark,
--         {0, 0} being a full topic. Or WRONGTYPE key, COUNT key field, BADARG place, COMMIT text,
--         XADD text, and then nothing changed.
-- sp1_drop (allow-oom): dead letters are thrown away.
-- KEYS  dead books
-- ARGV  n id*n                     at most 256
-- Answer  {dropped, gone}, and the refusals, as above
-- sp1_expire (allow-oom): the oldest are thrown away while they are older than keep_ms, by Redis' clock, or
-- more than so many bytes stand there; 0: no such bound.
-- KEYS  dead books
-- ARGV  keep_ms bytes
-- Answer  {dropped, left, bytes}: left is 1 while there is more to do; bytes that stand there now
-- Cost  a letter: XRANGE, XADD, and 2 ns a byte; then HMGET and HSET a hash, XDEL

local LETTERS_BYTES = 4194304         -- of letters in one call

local function letter_of(found)
  local letter = {}
  for i = 1, #found[2], 2 do letter[found[2][i]] = found[2][i + 1] end
  letter.id, letter.data = found[1], letter.data or ''
  return letter
end

local function letter_read(key, id, at)
  if not id:find('^%d+%-%d+$') then stop('BADARG ' .. at) end
  local found = read('XRANGE', key, id, id)[1]
  return found and letter_of(found)
end

local function put(args, letter, ...)
  for _, name in ipairs({...}) do
    if letter[name] then
      args[#args + 1] = name
      args[#args + 1] = letter[name]
    end
  end
end

-- The object of texts that the letter of a file or of a whole entry has for its data.
local function fields_of(letter)
  local good, fields = pcall(cjson.decode, letter.data)
  good = good and type(fields) == 'table'
  for name, value in pairs(good and fields or {}) do
    good = good and type(name) == 'string' and type(value) == 'string'
  end
  return good and next(fields) and fields or stop('COMMIT letter ' .. letter.id .. ' holds no fields')
end

-- What goes into the topic, and its bytes as the books count them: nil when they do not know it,
-- because it has no `n` and counts when it leaves.
local function letter_entry(P, letter)
  local args = {}
  if P.form == 'entry' then
    for name, value in pairs(fields_of(letter)) do
      if name ~= 'n' or P.to == 'inbox' then put(args, {[name] = value}, name) end
    end
  elseif P.form == 'job' then
    letter.uri = fields_of(letter).uri or stop('COMMIT letter ' .. letter.id .. ' is no file')
    put(args, letter, 'uri', 'job', 'at', 'run')
  else
    put(args, letter, 'data', 'cols', 'marks', 'src', 'row', 'at', 'run')
  end
  if P.to == 'inbox' then
    if P.form ~= 'entry' then put(args, letter, 'to') end
    return args
  end
  if P.form == 'entry' then return args end
  args[#args + 1], args[#args + 2] = 'n', '1'
  return args, #(P.form == 'job' and letter.uri or letter.data)
end

local function moves(list)
  local A = {at = 0, #list / 2}
  for i = 1, #list, 2 do A[i + 1], A[i + 2] = list[i], ('%d'):format(list[i + 1]) end
  return A
end

-- A job and what the books do not know come in as new rows; the rest is open again.
local function redrive_sources(P, K)
  for i, n in pairs(P.sources) do
    local is_new = P.form ~= 'record' or P.to == 'inbox'
    counts_read(P.counts, K[i], moves{'dead', -n, is_new and 'rows' or 'open', is_new and -n or n}, P.expire)
  end
end

local function redrive_books(P, K)
  local list = {'dead:records', -#P.ids, 'dead:bytes', -P.dead_bytes, 'dead:removed', #P.ids, P.from .. ':redriven', #P.ids}
  if P.booked > 0 then
    for name, n in pairs{bytes = P.bytes, records = P.booked, ['in'] = P.booked} do
      list[#list + 1] = P.to .. ':' .. name
      list[#list + 1] = n
    end
  end
  counts_read(P.counts, K[2], moves(list), 0)
end

-- One letter into the plan; false: it has to wait for another call.
local function redrive_take(P, K, letter, source, at)
  if letter.stage ~= P.from then stop('BADARG ' .. at) end
  local args, bytes = letter_entry(P, letter)
  if P.high > 0 and bytes and P.waiting + P.bytes > 0 and P.waiting + P.bytes + bytes > P.high then return false end
  if P.dead_bytes > 0 and P.dead_bytes + #letter.data > LETTERS_BYTES then return false end
  P.entries[#P.entries + 1] = {key = K[3], args = args}
  P.ids[#P.ids + 1] = letter.id
  P.dead_bytes = P.dead_bytes + #letter.data
  if bytes then P.bytes, P.booked = P.bytes + bytes, P.booked + 1 end
  if source > 0 then P.sources[3 + source] = (P.sources[3 + source] or 0) + 1 end
  return true
end

local function redrive_check(P, K, A)
  if #K < 3 then stop('BADARG 1') end
  P.from, P.to, P.form = text(A), text(A), text(A)
  if P.form ~= 'record' and P.form ~= 'job' and P.form ~= 'entry' then stop('BADARG 3') end
  P.high, P.expire = number(A, COUNT_MAX), number(A, COUNT_MAX)
  local n = number(A, IDS_MAX)
  if n == 0 or #A ~= A.at + 2 * n then stop('BADARG ' .. A.at) end
  if want_type(K[3], 'stream') == 'none' and P.to ~= 'inbox' then stop('COMMIT no topic ' .. K[3]) end
  P.waiting = integer(read('HGET', K[2], P.to .. ':bytes') or '0') or stop('COUNT ' .. K[2] .. ' ' .. P.to .. ':bytes')
  for _ = 1, n do
    local at, id, source = A.at + 1, text(A), number(A, #K - 3)
    local letter = letter_read(K[1], id, at)
    if not letter then
      P.gone = P.gone + 1
    elseif not redrive_take(P, K, letter, source, at) then
      break
    end
  end
  if #P.ids == 0 then return end
  want_grant('XADD', K[3], '*', 'f', 'v')
  want_grant('XDEL', K[3], '0-1')
  redrive_books(P, K)
  redrive_sources(P, K)
  want_grant('XDEL', K[1], '0-1')
end

local function redrive(K, A)
  local P = {counts = counts_new(), entries = {}, ids = {}, sources = {}, gone = 0, bytes = 0, booked = 0, dead_bytes = 0}
  A.at = 0
  local ok, why = pcall(redrive_check, P, K, A)
  if ok and #P.ids == 0 then return {0, P.gone} end
  why = not ok and why or entries_add(P.entries)
  if why then return refusal(why) end
  counts_write(P.counts)
  redis.call('XDEL', K[1], unpack(P.ids))
  return {#P.ids, P.gone}
end

redis.register_function('sp1_redrive', redrive)

-- One letter into the plan; false: it has to wait for another call.
local function drop_take(P, letter)
  if P.bytes > 0 and P.bytes + #letter.data > LETTERS_BYTES then return false end
  local name = (letter.stage or '') .. ':dropped'
  P.ids[#P.ids + 1] = letter.id
  P.bytes = P.bytes + #letter.data
  P.stages[name] = (P.stages[name] or 0) + 1
  return true
end

local function drop_books(P, K)
  local list = {'dead:bytes', -P.bytes, 'dead:records', -#P.ids, 'dead:removed', #P.ids}
  for name, count in pairs(P.stages) do
    list[#list + 1] = name
    list[#list + 1] = count
  end
  counts_read(P.counts, K[2], moves(list), 0)
  want_grant('XDEL', K[1], '0-1')
end

local function drop_check(P, K, A)
  if #K ~= 2 then stop('BADARG 1') end
  local n = number(A, IDS_MAX)
  if n == 0 or #A ~= 1 + n then stop('BADARG 1') end
  for _ = 1, n do
    local letter = letter_read(K[1], text(A), A.at)
    if not letter then
      P.gone = P.gone + 1
    elseif not drop_take(P, letter) then
      break
    end
  end
  drop_books(P, K)
end

local function expire_check(P, K, A)
  if #K ~= 2 then stop('BADARG 2') end
  local keep_ms, bytes = number(A, COUNT_MAX), number(A, COUNT_MAX)
  ended(A)
  local stands = integer(read('HGET', K[2], 'dead:bytes') or '0') or stop('COUNT ' .. K[2] .. ' dead:bytes')
  local now = redis.call('TIME')[1] * 1000
  local from = '-'
  repeat
    local head = read('XRANGE', K[1], from, '+', 'COUNT', 1)[1]
    local is_old = head and keep_ms > 0 and head[1]:match('^%d+') + keep_ms < now
    local is_over = head and bytes > 0 and stands - P.bytes > bytes
    P.is_more = is_old or is_over
    if not P.is_more or #P.ids == IDS_MAX then break end
    from = '(' .. head[1]
  until not drop_take(P, letter_of(head))
  drop_books(P, K)
end

-- The plan that `check` made, or the refusal; then what it answers with.
local function drop_by(check, K, A)
  local P = {counts = counts_new(), ids = {}, stages = {}, gone = 0, bytes = 0}
  A.at = 0
  local ok, why = pcall(check, P, K, A)
  if not ok then return nil, refusal(why) end
  if P.ids[1] then
    counts_write(P.counts)
    redis.call('XDEL', K[1], unpack(P.ids))
  end
  return P
end

local function drop(K, A)
  local P, refused = drop_by(drop_check, K, A)
  return refused or {#P.ids, P.gone}
end

local function expire(K, A)
  local P, refused = drop_by(expire_check, K, A)
  return refused or {#P.ids, P.is_more and 1 or 0, P.counts.values[1]}
end

redis.register_function{function_name = 'sp1_drop', callback = drop, flags = {'allow-oom'}}
redis.register_function{function_name = 'sp1_expire', callback = expire, flags = {'allow-oom'}}
