-- sp1_replay: copies a span of a topic, some entries a call; repeat the same call until `left` is 0.
-- KEYS  from-topic to-topic books sources replay      sources: the name of a source's hash, less its id;
--                                                     replay: a hash of its own, where the span stands
-- ARGV  first last             ids of the span, as for XRANGE
--       max                    entries a call, 1 to 256; one call copies some 256 KiB at most
--       run                    name that the copies bear; high: refused while the books say that so
--       high                   many bytes wait in to-topic; 0: never
-- Answer  {entries, records, cursor, left}: what this call copied; the last id copied; 1 or 0. Or FULL
--         bytes, TAKEN key (another span has that hash), WRONGTYPE, COUNT, BADARG, COMMIT as sp1_settle:
--         then nothing changed. A call whose answer got lost may be repeated: nothing is copied twice.
-- Cost  XRANGE and XADD an entry, whose bytes pass through Lua: 0.3 ms for 64 KiB

local REPLAY_BYTES = 262144
local DAY_MS = 86400000
local fresh = {run = true, try = true, first = true, reason = true, job = true}     -- of the first time alone

-- The end is fixed at the first call: the copies may go to the end of the same topic.
local function replay_span(P, K)
  local asked = {'from', K[1], 'to', K[2], 'first', P.first, 'last', P.last}
  local was = read('HMGET', K[5], 'from', 'to', 'first', 'last', 'end', 'cursor', 'entries', 'records')
  if was[1] then
    for i = 1, 4 do
      if was[i] ~= asked[2 * i] then stop('TAKEN ' .. K[5]) end
    end
    P.stop, P.cursor = was[5], was[6]
  else
    local newest = read('XREVRANGE', K[1], P.last, P.first, 'COUNT', 1)[1]
    P.stop = newest and newest[1]
  end
  P.entries_before, P.records_before = tonumber(was[7] or 0), tonumber(was[8] or 0)
  P.set = asked
end

-- A record that was tried again in a kept topic stands there twice; its first entry is the one that counts.
local function is_copy(fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'copy' then return true end
  end
  return false
end

local function replay_entry(P, K, fields)
  local args, n, bytes, src = {'run', P.run}, nil, 0, nil
  for i = 1, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    if not fresh[name] then args[#args + 1], args[#args + 2] = name, value end
    if name == 'n' then n = integer(value) end
    if name == 'src' then src = value end
    if name == 'data' or (name == 'uri' and bytes == 0) then bytes = #value end
  end
  P.entries[#P.entries + 1] = {key = K[2], args = args}
  P.size = P.size + bytes
  if not n then return end               -- the books learn of it when it leaves
  P.records, P.bytes = P.records + n, P.bytes + bytes
  if src then P.sources[src] = (P.sources[src] or 0) + n end
end

local function replay_read(P, K)
  local at = P.cursor and '(' .. P.cursor or P.first
  local reads = 0
  while P.stop and #P.entries < P.max and P.size < REPLAY_BYTES and reads < IDS_MAX do
    local e = read('XRANGE', K[1], at, P.stop, 'COUNT', 1)[1]
    if not e then
      P.left = 0
      break
    end
    reads = reads + 1
    if not is_copy(e[2]) then replay_entry(P, K, e[2]) end
    P.cursor = e[1]
    at = '(' .. e[1]
  end
  if P.cursor == P.stop or not P.stop then P.left = 0 end
end

local function replay_move(P, key, expire, ...)
  local moves = {...}
  local A = {at = 0, tostring(#moves / 2)}
  for i = 1, #moves, 2 do A[i + 1], A[i + 2] = moves[i], ('%d'):format(moves[i + 1]) end
  counts_read(P.counts, key, A, expire)
end

local function replay_check(P, K, A)
  P.first, P.last, P.max, P.run, P.high =
    text(A), text(A), number(A, IDS_MAX), text(A), number(A, COUNT_MAX)
  ended(A)
  if P.max == 0 then stop('BADARG 3') end
  if P.run == '' then stop('BADARG 4') end
  if #K ~= 5 then stop('BADARG 5') end
  want_type(K[2], 'stream')
  local stage = K[2]:match('[^:]+$') or stop('BADARG 5')
  local waiting = integer(read('HGET', K[3], stage .. ':bytes') or '0')
  if P.high > 0 and waiting and waiting >= P.high then stop('FULL ' .. waiting) end
  replay_span(P, K)
  replay_read(P, K)

  local now = tonumber(redis.call('TIME')[1]) * 1000
  replay_move(P, K[3], 0, stage .. ':bytes', P.bytes, stage .. ':records', P.records, stage .. ':in', P.records)
  for src, n in pairs(P.sources) do
    replay_move(P, K[4] .. src, now + 30 * DAY_MS, 'rows', n, 'open', n)
  end
  for name, value in pairs{['end'] = P.stop or '', cursor = P.cursor or '',
                           entries = ('%d'):format(P.entries_before + #P.entries),
                           records = ('%d'):format(P.records_before + P.records)} do
    P.set[#P.set + 1], P.set[#P.set + 2] = name, value
  end
  set_later(P.counts, K[5], P.set, now + 7 * DAY_MS)
end

local function replay(K, A)
  local P = {entries = {}, sources = {}, records = 0, bytes = 0, size = 0, left = 1, counts = counts_new()}
  A.at = 0
  local ok, why = pcall(replay_check, P, K, A)
  if ok and #P.entries == 0 and P.left == 0 then return {0, 0, P.cursor or '', 0} end
  why = not ok and why or entries_add(P.entries)
  if why then return refusal(why) end
  counts_write(P.counts)
  return {#P.entries, P.records, P.cursor, P.left}
end

redis.register_function('sp1_replay', replay)
