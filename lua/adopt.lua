-- sp1_adopt (allow-oom): a successor takes what a dead consumer holds; call it until nothing is left.
-- KEYS  topic
-- ARGV  group from to max          at most 256 entries a call
-- Answer  {taken, left, lost}: left is 1 while `from` holds more, else 0, and then `from` is deleted;
--         lost counts entries that were deleted while pending. Or BADARG place, WRONGTYPE key,
--         COMMIT text. The delivery counts stay: reading the entries with id 0 adds the one. Those of
--         what stopping workers gave back (`~released`) begin anew: nobody died of it.
-- Cost  XPENDING twice, XCLAIM or XGROUP DELCONSUMER

local function adopt_body(K, A)
  local group, from, to, max = text(A), text(A), text(A), number(A, IDS_MAX)
  ended(A)
  if #K ~= 1 or max == 0 then stop('BADARG 4') end
  if from == to then stop('BADARG 3') end
  local claim = {group, to, 0}
  for i, e in ipairs(read('XPENDING', K[1], group, '-', '+', max, from)) do claim[3 + i] = e[1] end
  local asked, taken = #claim - 3, 0
  want_grant('XGROUP', 'DELCONSUMER', K[1], group, from)
  -- XCLAIM drops in silence what no longer exists: the difference is what was lost.
  if asked > 0 then
    if from == '~released' then
      claim[#claim + 1], claim[#claim + 2] = 'RETRYCOUNT', 0
    end
    claim[#claim + 1] = 'JUSTID'
    taken = #redis.call('XCLAIM', K[1], unpack(claim))
  end
  local left = #redis.call('XPENDING', K[1], group, '-', '+', 1, from)
  if left == 0 then redis.call('XGROUP', 'DELCONSUMER', K[1], group, from) end
  return {taken, left, asked - taken}
end

local function adopt(K, A)
  A.at = 0
  local ok, answer = pcall(adopt_body, K, A)
  return ok and answer or refusal(answer)
end

redis.register_function{function_name = 'sp1_adopt', callback = adopt, flags = {'allow-oom'}}
