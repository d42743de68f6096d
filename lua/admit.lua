-- sp1_admit: the last command of the door's MULTI, behind one or more XADDs to `topic`.
-- KEYS  topic books seen source
-- ARGV  m                          entries that this EXEC added to the topic; 0: books only
--       ttl_ms high                how long `seen` is remembered; high mark in bytes, 0: none
--       nbooks (field delta)*      the first is <stage>:bytes; then the source:
--       nsource (field delta)* nset (field value)* expire         expire in unix ms, 0: leave it
-- Answer  the new counts of the books; or SEEN key (admitted before), FULL bytes, WRONGTYPE key,
--         COUNT key field, BADARG place, COMMIT text, and then nothing changed; or EXHAUSTED topic.
--         An empty topic takes an entry of any size: refused, it could never come in.
-- Cost  TYPE twice, HMGET and HSET a hash, SET

local function admit_check(P, K, A)
  P.added[1] = number(A, ARGS_MAX)
  outputs_check(K, 1, P.added)
  if #K ~= 4 then stop('BADARG 1') end
  P.ttl = number(A, COUNT_MAX)
  if P.ttl == 0 then stop('BADARG 2') end
  want_type(K[1], 'stream')
  if want_type(K[3], 'string') == 'string' then stop('SEEN ' .. K[3]) end

  local high = number(A, COUNT_MAX)
  counts_read(P.counts, K[2], A, 0)
  local was, values = P.counts.was, P.counts.values
  if high > 0 and was and was > 0 and values[1] > high then stop('FULL ' .. was) end
  P.books = #values
  counts_read(P.counts, K[4], A, 0)
  local set = list(A, 2 * number(A, FIELDS_MAX))
  set_later(P.counts, K[4], set, number(A, COUNT_MAX))
  ended(A)
  want_grant('SET', K[3], '1', 'PX', P.ttl)
end

local function admit(K, A)
  local P = {added = {}, counts = counts_new()}
  A.at = 0
  local ok, why = pcall(admit_check, P, K, A)
  if not ok then
    outputs_undo(K, 1, P.added)
    return refusal(why)
  end
  counts_write(P.counts)
  redis.call('SET', K[3], '1', 'PX', P.ttl)
  return {unpack(P.counts.values, 1, P.books)}
end

redis.register_function('sp1_admit', admit)
