-- What the functions share. They write nothing before everything is read and checked, because a
-- script does not roll back: `stop` in that part leaves the data as it was. ARGV is read from left
-- to right, A.at being the place of the last argument taken.

local IDS_MAX = 256                   -- input entries a call, so that no call stalls the server
local FIELDS_MAX = 1000               -- fields at once; unpack() gives up at 8,000 values
local ARGS_MAX = 1000000              -- a mistyped number is refused, not walked
local COUNT_MAX = 9007199254740991    -- 2^53 - 1: up to here a number in Lua is exact

local function stop(why)
  error('=' .. why, 0)
end

-- The error reply for what pcall caught; what `stop` did not raise is marked as a surprise.
-- At least two words: Redis puts ERR before a single one.
local function refusal(caught)
  caught = tostring(caught)
  local why = caught:sub(1, 1) == '=' and caught:sub(2) or 'COMMIT ' .. caught
  return redis.error_reply((why:gsub('%c', ' ')))
end

local function text(A)
  local at = A.at + 1
  A.at = at
  return A[at] or stop('BADARG ' .. at)
end

local function number(A, max)
  local n = tonumber(text(A))
  if not (n and n >= 0 and n <= max and n % 1 == 0) then stop('BADARG ' .. A.at) end
  return n
end

-- Walks over n arguments; answers the place before them.
local function skip(A, n)
  local at = A.at
  if at + n > #A then stop('BADARG ' .. #A + 1) end
  A.at = at + n
  return at
end

local function list(A, n)
  local at = skip(A, n)
  return {unpack(A, at + 1, at + n)}
end

local function ended(A)
  if A.at ~= #A then stop('BADARG ' .. A.at + 1) end
end

-- A command that only reads; a key of a foreign type ends the call with its name.
local function read(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if reply.err:sub(1, 9) == 'WRONGTYPE' then stop('WRONGTYPE ' .. key) end
  error(reply.err, 0)
end

local function want_type(key, want)
  local is = redis.call('TYPE', key).ok
  if is ~= want and is ~= 'none' then stop('WRONGTYPE ' .. key) end
  return is
end

-- A missing grant found by the write itself would leave half a commit behind.
local function want_grant(...)
  if not redis.acl_check_cmd(...) then stop('COMMIT NOPERM ' .. (...)) end
end

local function integer(s)
  local n = s:find('^%-?%d+$') and tonumber(s)
  return n and n <= COUNT_MAX and n >= -COUNT_MAX and n
end

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- By bytes; `<` would go by the locale of the server.
local function text_less(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- `<stage>:removed` of the books: entries that the functions took out of a topic. With it anybody can
-- tell how many were taken out by another hand (vanished.lua).
local function removed_field(key)
  return key:match('[^:]+$') .. ':removed'
end

-- They stand in the same lane: `sp:{0}:tidy`, `sp:{0}:books`. nil: it is no topic of ours.
local function books_of(key)
  local lane = key:match('^.+:')
  return lane and lane .. 'books'
end

-- Counts what has just been removed. Never an error: it is done, and a wrong count is an alarm at worst.
local function count_removed(key, n, books)
  books = books or books_of(key)
  if n == 0 or not books then return end
  local was = redis.pcall('HGET', books, removed_field(key))
  local now = not was and n or type(was) == 'string' and integer(was) and integer(was) + n
  if now then redis.pcall('HSET', books, removed_field(key), now) end
end
