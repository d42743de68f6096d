-- The values of a window's row, which is a JSON object written by nobody else: `{"n":12,"total":3.50}`.
-- Merging never depends on the order of the commits. What an older definition of the window left under a
-- name, and cannot be gone on with, begins anew.
--   count   n                       2
--   sum     decimal text or ""      3.50, with the decimals of the rule; null: no value yet; "overflow" above 2^53 of its units
--   min max number text or ""       1.5 or null
--   avg     decimal text or "", n   [sum,n]
--   first last  ms id JSON, or "" "" ""    [ms,"id",JSON] or null

local OVERFLOW = '"overflow"'

-- Behind the string that begins at `at`.
local function json_behind_string(s, at)
  local i = at + 1
  while true do
    local stop_at = s:find('["\\]', i)
    if not stop_at then return nil end
    if s:sub(stop_at, stop_at) == '"' then return stop_at + 1 end
    i = stop_at + 2
  end
end

-- Behind the scalar or list of scalars at `at`; nil: that is none.
local function json_behind(s, at)
  local c = s:sub(at, at)
  if c == '"' then return json_behind_string(s, at) end
  if c ~= '[' then return s:match('^[^,{}%[%]"]+()', at) end
  repeat
    at = json_behind(s, at + 1)
  until not at or s:sub(at, at) ~= ','
  return at and s:sub(at, at) == ']' and at + 1
end

-- Raw texts by name; empty when it is not ours.
local function row_members(s)
  local members, at = {}, 2
  while s and s:sub(at, at) == '"' do
    local name, value_at = s:match('^"([%w_]+)":()', at)
    local behind = name and json_behind(s, value_at)
    if not behind then break end
    members[name] = s:sub(value_at, behind - 1)
    at = behind + 1
  end
  return members
end

-- A decimal text as a whole number of its smallest unit; nil: it is none, or too large to be exact.
local function scaled(s, decimals)
  local sign, whole, rest = s:match('^(%-?)(%d+)%.?(%d*)$')
  if not sign or #rest > decimals then return nil end
  local n = tonumber(whole .. rest .. ('0'):rep(decimals - #rest))
  return n <= COUNT_MAX and (sign == '-' and -n or n) or nil
end

local function unscaled(n, decimals)
  if n > COUNT_MAX or n < -COUNT_MAX then return OVERFLOW end
  local digits = ('%d'):format(math.abs(n))
  digits = ('0'):rep(decimals + 1 - #digits) .. digits
  local text = decimals == 0 and digits or digits:sub(1, -decimals - 1) .. '.' .. digits:sub(-decimals)
  return n < 0 and '-' .. text or text
end

local function add_decimal(was, delta, decimals)
  if was == OVERFLOW or delta == '' then return was or 'null' end
  local n = scaled(delta, decimals)
  return n and unscaled((scaled(was or '0', decimals) or 0) + n, decimals) or OVERFLOW
end

-- Of two texts that are the same number the smaller text, whoever came first.
local function extreme(is_less)
  return function(was, A)
    local delta = text(A)
    local old, new = tonumber(was or ''), tonumber(delta)
    if not new then return was or 'null' end
    local is_new = not old or is_less(new, old) or (new == old and text_less(delta, was))
    return is_new and delta or was
  end
end

local function by_time(is_before, is_text_before)
  return function(was, A)
    local ms, id, value = text(A), text(A), text(A)
    if ms == '' then return was or 'null' end
    local old_ms, old_id = (was or ''):match('^%[(%d+),"([^"]*)",')
    local old, new = tonumber(old_ms or ''), tonumber(ms) or stop('BADARG ' .. A.at)
    local is_new = not old or is_before(new, old) or (new == old and is_text_before(id, old_id))
    return is_new and '[' .. ms .. ',"' .. id .. '",' .. value .. ']' or was
  end
end

local function less(a, b) return a < b end
local function more(a, b) return a > b end
local function text_more(a, b) return text_less(b, a) end

-- function(was, A, decimals): the raw text that stood there or nil, and the arguments.
local row_merge = {
  count = function(was, A)
    return ('%d'):format(math.min((integer(was or '0') or 0) + number(A, COUNT_MAX), COUNT_MAX))
  end,
  sum = function(was, A, decimals) return add_decimal(was, text(A), decimals) end,
  min = extreme(less),
  max = extreme(more),
  avg = function(was, A, decimals)
    local sum, n = (was or ''):match('^%[([^,]+),(%d+)%]$')
    local delta, m = text(A), number(A, COUNT_MAX)
    return '[' .. add_decimal(sum or '0', delta, decimals) .. ',' .. ('%d'):format((n or 0) + m) .. ']'
  end,
  first = by_time(less, text_less),
  last = by_time(more, text_more),
}
