-- sp1_note (allow-oom): what a call of a deliverer is about to carry; the call goes out when this was
-- answered. A note is `<others> <mine> <reading>`: records that were sent by those who had the entry
-- before, in sum; and by the reading that wrote last. sp1_settle takes it away.
-- KEYS  topic notes
-- ARGV  group me reading n (id sent)*n   `sent`: records of the entry that this reading sent so far, those
--                                        of the call included, so that a repeat counts nothing twice
-- Answer  for each id 1; or 0: it is not mine, nothing was noted of it, and it must not be sent. Or
--         BADARG place, WRONGTYPE key, COMMIT text.
-- Cost  XPENDING (an id out of order: once more), HMGET, HSET

-- What others sent, and what this reading did. What is no note of ours says nothing.
local function note_read(note, reading)
  local others, mine, who = (note or ''):match('^(%d+) (%d+) (.*)$')
  if not others then return 0, 0 end
  if who == reading then return tonumber(others), tonumber(mine) end
  return others + mine, 0
end

local function note_body(K, A)
  local group, me, reading, n = text(A), text(A), text(A), number(A, IDS_MAX)
  if n == 0 then stop('BADARG 4') end
  local at = skip(A, 2 * n)
  ended(A)
  if #K ~= 2 then stop('BADARG 1') end
  local ids, mine, set, answer = {}, {}, {}, {}
  for i = 1, n do
    ids[i] = A[at + 2 * i - 1]
    if not ids[i]:find('^%d+%-%d+$') then stop('BADARG ' .. at + 2 * i - 1) end
    if not A[at + 2 * i]:find('^%d+$') then stop('BADARG ' .. at + 2 * i) end
  end
  for _, e in ipairs(read('XPENDING', K[1], group, ids[1], ids[n], n, me)) do mine[e[1]] = true end
  for i, note in ipairs(read('HMGET', K[2], unpack(ids))) do
    local id = ids[i]
    local is_mine = mine[id] or read('XPENDING', K[1], group, id, id, 1, me)[1]
    answer[i] = is_mine and 1 or 0
    if is_mine then
      set[#set + 1] = id
      set[#set + 1] = string.format('%d %s %s', (note_read(note, reading)), A[at + 2 * i], reading)
    end
  end
  if set[1] then redis.call('HSET', K[2], unpack(set)) end
  return answer
end

local function note(K, A)
  A.at = 0
  local ok, answer = pcall(note_body, K, A)
  return ok and answer or refusal(answer)
end

redis.register_function{function_name = 'sp1_note', callback = note, flags = {'allow-oom'}}
