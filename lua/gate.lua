-- sp1_gate (allow-oom): may calls to a service go out? Asked by all workers that share a rate, with what
-- their last calls came to. By the clock of Redis.
-- KEYS  gate
-- ARGV  me want                     how many calls I would start now; 0: I only report
--       limit period_ms burst       0 limit: no rate
--       trip open_ms open_max_ms probe_ms     the breaker; 0 trip: none
--       unused ok failed retry_after_ms       calls granted and not started; how others ended; the pause that the service asked for
-- Answer  {granted, wait_us, state}: begin the granted within half of the slack behind the ask, or give them back
--         as `unused`; ask again for the rest in wait_us. state: closed, open, half, paused. Or BADARG place,
--         WRONGTYPE key, COMMIT text.
-- Cost  TIME, HMGET, HSET, PEXPIRE
--
-- The limit is hard: no window of `period`, wherever it begins, sees more than `limit` calls. A call reaches the
-- service up to `slack` behind its grant (half of it is the worker's, half the way's), so those of one window were
-- granted in W = period + slack. A bucket of `burst` tokens that gets one every T grants at most
-- burst + floor(W / T) in any W. With T > W / (limit - burst + 1) that is at most burst + (limit - burst) = limit.
-- So the price of a burst is the rate between bursts: limit - burst + 1 per W. Tokens that come back unused
-- were never calls: the bucket is as if they had not been taken, and never above `burst`.
--
-- After a crash of Redis the hash may be a second old, and have forgotten grants. `seen` dies with the server, so
-- a gate found by a server that never saw it begins with an empty bucket. One that was lost whole begins with
-- a full one: then a window may see `burst` more.

local gate = {seen = {}, seen_count = 0}

gate.SLACK_MAX = 100000               -- us
gate.PAUSE_MAX = 86400000             -- ms: what a service may ask for
gate.SEEN_MAX = 10000                 -- gates remembered; forgetting one costs a wait
gate.KEEP_MS = 86400000               -- an unused gate goes
gate.ASK_AGAIN = 250000               -- us: while somebody else probes

function gate.settings(A)
  local a = {me = text(A), want = number(A, ARGS_MAX)}
  a.limit, a.period, a.burst = number(A, 1e9), number(A, 86400000), number(A, 1e9)
  if a.limit > 0 and a.period == 0 then stop('BADARG 4') end
  if a.limit > 0 and (a.burst == 0 or a.burst > a.limit) then stop('BADARG 5') end
  a.trip, a.open, a.open_max, a.probe = number(A, ARGS_MAX), number(A, 86400000), number(A, 86400000), number(A, 86400000)
  a.unused, a.ok, a.failed, a.pause = number(A, ARGS_MAX), number(A, ARGS_MAX), number(A, ARGS_MAX), number(A, COUNT_MAX)
  ended(A)
  return a
end

-- A clock that was set back must not shut the gate for longer than was meant.
function gate.state(key, a, now)
  local is = read('HMGET', key, 'tat', 'pause', 'state', 'streak', 'openings', 'open_until', 'probe', 'probe_until',
                  'granted', 'ok', 'failed')
  local function at(i) return tonumber(is[i] or 0) or 0 end
  return {is_known = is[1] and true, tat = at(1), pause = math.min(at(2), now + gate.PAUSE_MAX * 1000), state = is[3] or 'closed',
          streak = at(4), openings = at(5), open_until = math.min(at(6), now + a.open_max * 1000), probe = is[7] or '',
          probe_until = math.min(at(8), now + a.probe * 1000), granted = at(9), ok = at(10), failed = at(11)}
end

function gate.break_open(s, a, now)
  s.openings = s.openings + 1
  s.open_until = now + 1000 * math.min(a.open * 2 ^ math.min(s.openings - 1, 30), a.open_max)
  s.state, s.streak, s.probe = 'open', 0, ''
end

-- While it is open, or somebody else probes, how old calls ended says nothing new.
function gate.judge(s, a, now)
  if s.state == 'closed' then
    s.streak = a.ok > 0 and 0 or s.streak + a.failed
    if a.trip > 0 and s.streak >= a.trip then gate.break_open(s, a, now) end
  elseif s.state == 'half' and s.probe == a.me then
    if a.unused > 0 then s.probe, s.probe_until = '', now end
    if a.ok > 0 then
      s.state, s.streak, s.openings, s.probe = 'closed', 0, 0, ''
    elseif a.failed > 0 then
      gate.break_open(s, a, now)
    end
  end
end

-- How many may go as far as pauses and breaker say, and how long to wait when none may.
function gate.allowed(s, a, now)
  if s.pause > now then return 0, s.pause - now, 'paused' end
  if s.state == 'closed' or a.trip == 0 then return a.want, 0, s.state end
  if s.state == 'open' and s.open_until > now then return 0, s.open_until - now, 'open' end
  if s.state == 'half' and s.probe_until > now then return 0, math.min(s.probe_until - now, gate.ASK_AGAIN), 'half' end
  return math.min(a.want, 1), 0, 'half'
end

-- Takes up to n tokens; also how long until a part of those that are missing is there, so that a busy
-- pool does not ask for them one by one.
function gate.take(s, a, now, n, is_seen)
  if a.limit == 0 then return n, 0 end
  local slack = math.min(a.period * 100, gate.SLACK_MAX)
  local T = math.floor((a.period * 1000 + slack) / (a.limit - a.burst + 1)) + 1
  local full = a.burst * T
  if s.is_known and not is_seen then s.tat = now + full end
  s.tat = math.max(math.min(s.tat - a.unused * T, now + full), now)
  local taken = math.min(n, math.floor((now + full - s.tat) / T))
  s.tat = s.tat + taken * T
  local part = math.min(n - taken, math.max(1, math.floor(math.min(a.burst / 2, gate.SLACK_MAX / T))))
  return taken, math.max(0, s.tat + part * T - full - now)
end

function gate.remember(key)
  if gate.seen[key] then return true end
  if gate.seen_count >= gate.SEEN_MAX then gate.seen, gate.seen_count = {}, 0 end
  gate.seen[key], gate.seen_count = true, gate.seen_count + 1
  return false
end

function gate.write(key, s, now)
  local keep = math.max(s.tat, s.pause, s.open_until) - now
  local function whole(n) return string.format('%.0f', n) end
  redis.call('HSET', key, 'tat', whole(s.tat), 'pause', whole(s.pause), 'state', s.state, 'streak', s.streak,
             'openings', s.openings, 'open_until', whole(s.open_until), 'probe', s.probe, 'probe_until', whole(s.probe_until),
             'granted', whole(s.granted), 'ok', whole(s.ok), 'failed', whole(s.failed))
  redis.call('PEXPIRE', key, whole(gate.KEEP_MS + math.floor(math.max(keep, 0) / 1000)))
end

function gate.body(K, A)
  local a = gate.settings(A)
  if #K ~= 1 then stop('BADARG 1') end
  local clock = redis.call('TIME')
  local now = clock[1] * 1000000 + clock[2]
  local s = gate.state(K[1], a, now)
  want_grant('HSET', K[1], 'f', 'v')
  want_grant('PEXPIRE', K[1], '1')

  gate.judge(s, a, now)
  if a.pause > 0 then s.pause = math.max(s.pause, now + 1000 * math.min(a.pause, gate.PAUSE_MAX)) end
  local allowed, wait, state = gate.allowed(s, a, now)
  local granted, more = gate.take(s, a, now, allowed, gate.remember(K[1]))
  if granted > 0 and state == 'half' then
    s.state, s.probe, s.probe_until = 'half', a.me, now + 1000 * a.probe
    more = gate.ASK_AGAIN
  end
  s.granted, s.ok, s.failed = s.granted + granted, s.ok + a.ok, s.failed + a.failed
  gate.write(K[1], s, now)
  if granted == a.want then return {granted, 0, state} end
  return {granted, math.max(wait, more, 1), state}
end

function gate.call(K, A)
  A.at = 0
  local ok, answer = pcall(gate.body, K, A)
  return ok and answer or refusal(answer)
end

redis.register_function{function_name = 'sp1_gate', callback = gate.call, flags = {'allow-oom'}}
