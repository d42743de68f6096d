-- sp1_settle: the last command of a commit's MULTI, behind the XADDs of its outputs.
-- KEYS  input topic | output topics, the input may be one | hashes, the books first | the job, if any
--       | the notes of a deliverer, if any (notes.lua) | those of the parts (parts.lua)
-- ARGV  group me mode            del: hand on; keep: hand on, the entry stays; hold: a checkpoint, the
--                                entry stays mine (only with a job, or a repeat would count twice)
--       nids id*                 at most 256, best in rising order; all of them or none
--       nouts m*                 entries that this EXEC added to each output
--       nhash (expire n (field delta)*n)*            expire in unix ms, 0: leave it
--       has                      0, 1: a job, 2: parts, 3: both
--       nkeys                    with parts: how many keys they have
--       expected expire n (field value)*n            with a job: compare-and-set on its `offset`
--       low channel              PUBLISH when the first count of all falls to `low`; empty: never
--       field reading            with notes: they go, and what others than this reading sent is added to
--                                the field of the books, behind the other counts
--       nparts (kind nkeys ...)* with parts
-- Answer  the new counts, in order; or DONE id, FENCED id owner, STALE offset, WRONGTYPE key,
--         COUNT key field, BADARG place, COMMIT text, what a part says, and then nothing changed; or EXHAUSTED topic:
--         then what EXEC told of as added to that topic stands there still.
-- Cost  XPENDING once (an id out of order: once each), XLEN an output, HMGET and HSET a hash, XACK,
--       XDEL; HMGET and HDEL of notes. An ARGV that breaks off before the m's is refused, but its outputs cannot be undone.

-- Mine are the first n of my pending list from the first id on, unless I hold others in between.
local function fence(key, group, me, ids)
  local n, i = #ids, 1
  local mine = read('XPENDING', key, group, ids[1], ids[n], n, me)
  while mine[i] and mine[i][1] == ids[i] do i = i + 1 end
  for j = i, n do
    local id = ids[j]
    if not id:find('^%d+%-%d+$') then stop('BADARG ' .. 4 + j) end
    if not redis.call('XPENDING', key, group, id, id, 1, me)[1] then
      local other = redis.call('XPENDING', key, group, id, id, 1)[1]
      stop(other and 'FENCED ' .. id .. ' ' .. other[2] or 'DONE ' .. id)
    end
  end
end

local function settle_job(P, K, A)
  local job, expected, expire = K[P.at_job], text(A), number(A, COUNT_MAX)
  local at = read('HGET', job, 'offset') or '0'
  if at ~= expected then stop('STALE ' .. at) end
  set_later(P.counts, job, list(A, 2 * number(A, FIELDS_MAX)), expire)
end

local function settle_low(P, A)
  local at = A.at + 1
  P.low, P.channel = text(A), text(A)
  if P.low ~= '' then P.low = integer(P.low) or stop('BADARG ' .. at) end
end

-- Whoever sent of these entries and did not settle them: nobody knows any more what was taken.
local function settle_notes(P, K, A, books)
  local field, reading, sum = text(A), text(A), 0
  P.notes = K[P.at_notes]
  for _, note in ipairs(read('HMGET', P.notes, unpack(P.ids))) do sum = sum + note_read(note, reading) end
  want_grant('HDEL', P.notes, 'f')
  if sum > 0 then counts_slice(P.counts, books, {at = 0, field, string.format('%d', sum)}, 1, 0) end
end

-- Reads ARGV, checks everything, fills the plan P; raises the refusal. P.added comes first, so that
-- the outputs can be undone whatever is wrong behind it.
local function settle_check(P, K, A)
  P.group, P.me, P.mode = text(A), text(A), text(A)
  local nids = number(A, ARGS_MAX)
  local ids_at = skip(A, nids)
  for i = 1, number(A, ARGS_MAX) do P.added[i] = number(A, ARGS_MAX) end
  if not P.adds then outputs_check(K, 2, P.added) end
  local mode, outs = P.mode, #P.added
  if mode ~= 'del' and mode ~= 'keep' and mode ~= 'hold' then stop('BADARG 3') end
  if nids == 0 or nids > IDS_MAX then stop('BADARG 4') end
  P.ids = {unpack(A, ids_at + 1, ids_at + nids)}
  fence(K[1], P.group, P.me, P.ids)
  if #K < 1 + outs then stop('BADARG ' .. 5 + nids) end
  for i = 2, 1 + outs do read('XLEN', K[i]) end

  local nhash = number(A, #K - 1 - outs)
  local books = mode == 'del' and books_of(K[1])
  for i = 2 + outs, 1 + outs + nhash do
    local expire = number(A, COUNT_MAX)
    counts_read(P.counts, K[i], A, expire, K[i] == books and {field = removed_field(K[1]), delta = ('%d'):format(nids)})
  end
  local has = number(A, 3)
  local jobs, nkeys = has % 2, has > 1 and number(A, #K) or 0
  P.at_job = 2 + outs + nhash
  P.at_notes = P.at_job + jobs
  local notes = #K - nkeys - P.at_notes + 1
  if notes < 0 or notes > 1 or notes > nhash or (mode == 'hold' and jobs == 0) then stop('BADARG ' .. A.at) end
  if jobs == 1 then settle_job(P, K, A) end
  settle_low(P, A)
  if notes == 1 then settle_notes(P, K, A, K[2 + outs]) end
  if has > 1 then parts_check(P, K, #K - nkeys, A) end
  if mode ~= 'hold' then want_grant('XACK', K[1], P.group, '0-1') end
  if mode == 'del' then want_grant('XDEL', K[1], '0-1') end
end

-- The input goes last: whatever might still break before leaves it pending.
local function settle_write(P, K)
  counts_write(P.counts)
  parts_write(P)
  if P.notes then redis.call('HDEL', P.notes, unpack(P.ids)) end
  if P.mode ~= 'hold' then redis.call('XACK', K[1], P.group, unpack(P.ids)) end
  if P.mode == 'del' then
    local n = redis.call('XDEL', K[1], unpack(P.ids))
    if n < #P.ids then count_removed(K[1], n - #P.ids) end      -- another hand was faster
  end
  local was, values, low = P.counts.was, P.counts.values, P.low
  if low ~= '' and P.channel ~= '' and was and was > low and values[1] <= low then
    redis.pcall('PUBLISH', P.channel, values[1])
  end
  return values
end

local function settle(K, A)
  local P = {added = {}, counts = counts_new(), parts = {}}
  A.at = 0
  local ok, why = pcall(function()
    settle_check(P, K, A)
    ended(A)
  end)
  if ok then return settle_write(P, K) end
  outputs_undo(K, 2, P.added)
  return refusal(why)
end

redis.register_function('sp1_settle', settle)
