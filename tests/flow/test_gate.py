"""sp1_gate: what a pool of askers may start. Its clock is ours here, so that hours pass at once: nothing else is changed."""
import random

import pytest

from enrich_pool import most_in_a_window
from library import library_text, load_library

GATE, CLOCK = "sp:gate:geo", "clock"
START = 1_700_000_000_000_000
SECOND, MS = 1_000_000, 1000
TRIP = {"trip": 10, "open_ms": 5000, "open_max_ms": 60000, "probe_ms": 2000}


class Gate:
    """Asks at times of its own; `now` in microseconds."""

    def __init__(self, r, limit=0, period_ms=1000, burst=1, **breaker):
        self.r, self.now, self.rate = r, START, (limit, period_ms, burst)
        self.breaker = {"trip": 0, "open_ms": 0, "open_max_ms": 0, "probe_ms": 0, **breaker}

    def ask(self, want=1, me="w1", unused=0, ok=0, failed=0, pause=0):
        self.r.set(CLOCK, self.now)
        granted, wait, state = self.r.fcall("sp1_gate", 1, GATE, me, want, *self.rate, *self.breaker.values(), unused, ok, failed, pause)
        assert (wait == 0) == (granted == want), "who got less than it wants is told when to ask again"
        return granted, wait, state

    def at(self, seconds):
        self.now = START + int(seconds * SECOND)
        return self


def load_with_our_clock(r):
    theirs = "local clock = redis.call('TIME')\n  local now = clock[1] * 1000000 + clock[2]"
    text = library_text()
    assert text.count(theirs) == 1
    r.function_load(text.replace(theirs, f"local now = tonumber(redis.call('GET', '{CLOCK}'))"), replace=True)


@pytest.fixture(name="r")
def with_our_clock(r):
    load_with_our_clock(r)
    yield r
    load_library(r)


def slack(period_ms):
    return min(period_ms * 100, 100 * MS)


RATES = [(40, 1000, 4), (40, 1000, 40), (40, 1000, 1), (1, 1000, 1), (7, 100, 3), (600, 60000, 60), (5, 3600000, 2), (2, 50, 2)]


@pytest.mark.parametrize("limit, period_ms, burst", RATES)
def test_no_window_sees_more_than_the_limit(r, limit, period_ms, burst):
    """Eight askers at random times, alone and in crowds, whose calls arrive up to the slack late, or never."""
    rng = random.Random(limit * 7919 + burst)
    gate, arrived, unused = Gate(r, limit, period_ms, burst), [], 0
    mean = period_ms * MS / limit
    for _ in range(1500):
        gate.now += rng.choice((0, 0, 1, int(rng.expovariate(1 / mean)), int(rng.expovariate(8 / mean)), int(rng.random() * period_ms * 2000) // 9))
        want = rng.choice((1, 1, 2, 5, 200))
        granted, wait, _ = gate.ask(want, me=f"w{rng.randrange(8)}", unused=unused)
        assert granted <= want and wait < 2 * (period_ms * MS + slack(period_ms))
        unused = rng.choice((0, 0, granted, rng.randrange(granted + 1)))
        late = rng.choice((0, slack(period_ms)))
        arrived += [gate.now + rng.choice((0, late, rng.randrange(slack(period_ms) + 1))) for _ in range(granted - unused)]
    assert most_in_a_window(arrived, period_ms * MS) <= limit
    assert len(arrived) >= limit  # and some were let through


@pytest.mark.parametrize("limit, period_ms, burst", RATES)
def test_the_worst_schedule_reaches_the_limit_and_not_more(r, limit, period_ms, burst):
    """All that is granted behind a rest arrives as late as may be, and what follows at once: the bound is tight."""
    gate, arrived = Gate(r, limit, period_ms, burst), []
    length = period_ms * MS
    for _ in range(3):
        gate.now += 10 * length
        begin = gate.now
        while gate.now - begin <= 3 * length:
            late = gate.now - begin < slack(period_ms)
            granted, wait, _ = gate.ask(1)
            arrived += [gate.now + slack(period_ms) * late] * granted
            gate.now += wait
    assert limit - 1 <= most_in_a_window(arrived, length) <= limit


def test_the_rate_is_reached_by_who_asks_when_told(r):
    gate, granted = Gate(r, 40, 1000, 4), 0
    while gate.now < START + 100 * SECOND:
        got, wait, _ = gate.ask(25)
        granted += got
        gate.now += wait + 3 * MS
    assert granted >= 100 * 37 / 1.1 * 0.99


@pytest.mark.parametrize("jump", [-3600, -1, -0.01])
def test_a_clock_that_is_set_back_neither_floods_nor_shuts(r, jump):
    gate = Gate(r, 40, 1000, 4)
    before = sum(gate.ask(1)[0] for _ in range(10))
    after, real, begin = 0, 0, gate.now + int(jump * SECOND)
    gate.now = begin
    while real < SECOND:
        granted, wait, _ = gate.ask(10)
        after += granted
        gate.now, real = gate.now + wait, real + wait
    assert before + after <= 40 and after >= 30


def test_another_rate_counts_from_the_next_ask_on(r):
    slow = Gate(r, 1, 3600000, 1)
    assert slow.ask()[0] == 1 and slow.ask()[1] > 3600 * SECOND
    fast = Gate(r, 40, 1000, 4)
    assert 0 < fast.ask()[1] <= SECOND


def test_a_restarted_redis_begins_with_an_empty_bucket(r):
    """It may have forgotten what it granted last."""
    gate = Gate(r, 40, 1000, 4)
    gate.ask(1)
    gate.now += 10 * SECOND
    load_with_our_clock(r)  # what lives in the functions is gone, as with the server
    assert gate.ask(4)[0] == 0
    gate.now += SECOND
    assert gate.ask(4)[0] == 4


def test_retry_after_pauses_all(r):
    gate = Gate(r, 40, 1000, 40)
    assert gate.ask(5)[0] == 5
    gate.at(1).ask(0, me="w3", failed=1, pause=2000)
    assert gate.at(1).ask(1, me="w2") == (0, 2 * SECOND, "paused")
    gate.at(1.5).ask(0, me="w1", pause=100)  # a shorter one takes nothing away
    assert gate.at(2.9999).ask(1) == (0, 100, "paused")
    assert gate.at(3).ask(1) == (1, 0, "closed")


def test_a_pause_is_bounded(r):
    gate = Gate(r, 0)
    gate.ask(0, pause=10**12)
    assert gate.ask(1)[1] == 24 * 3600 * SECOND
    assert gate.at(24 * 3600).ask(1)[0] == 1


def test_without_a_rate_all_pass(r):
    assert Gate(r).ask(100000) == (100000, 0, "closed")


def test_only_failures_in_a_row_open_it(r):
    gate = Gate(r, **TRIP)
    for worker in ("w1", "w2", "w3"):
        gate.ask(0, me=worker, failed=3)
    gate.ask(0, ok=1, failed=5)
    gate.ask(0, failed=9)
    assert gate.ask(7) == (7, 0, "closed")
    gate.ask(0, me="w4", failed=1)
    assert gate.ask(7) == (0, 5 * SECOND, "open")


def test_half_open_one_probes_and_its_success_closes(r):
    gate = Gate(r, **TRIP)
    gate.ask(0, failed=10)
    assert gate.at(5).ask(7, me="w1") == (1, 250 * MS, "half")
    assert gate.ask(7, me="w2") == (0, 250 * MS, "half")
    assert gate.ask(0, me="w2", ok=3)[2] == "half"  # an old call of somebody else
    gate.ask(0, me="w1", ok=1)
    assert gate.ask(7, me="w2") == (7, 0, "closed")


def test_a_probe_that_fails_doubles_the_time(r):
    gate, now, spans = Gate(r, **TRIP), 0, []
    gate.ask(0, failed=10)
    for _ in range(6):
        spans.append(round(gate.at(now).ask(1)[1] / SECOND))
        now += spans[-1]
        assert gate.at(now).ask(1)[0] == 1
        gate.ask(0, failed=1)
    assert spans == [5, 10, 20, 40, 60, 60]


def test_a_prober_that_dies_or_gives_back_is_replaced(r):
    gate = Gate(r, **TRIP)
    gate.ask(0, failed=10)
    assert gate.at(5).ask(1, me="w1")[0] == 1
    assert gate.at(6.9999).ask(1, me="w2") == (0, 100, "half")
    assert gate.at(7).ask(1, me="w2")[0] == 1
    assert gate.ask(0, me="w1", ok=1)[2] == "half"  # it was too late
    assert gate.ask(1, me="w3", unused=1)[0] == 0  # not its to give
    assert gate.ask(0, me="w2", unused=1)[2] == "half" and gate.ask(1, me="w3")[0] == 1


class Model:
    """The breaker in a few words."""

    def __init__(self):
        self.state, self.streak, self.span, self.until, self.probe = "closed", 0, 5, 0, None

    def fall(self, now):
        self.state, self.until, self.streak = "open", now + self.span * SECOND, 0
        self.span = min(self.span * 2, 60)

    def ask(self, now, me, want, ok, failed):
        if self.state == "closed":
            self.streak = 0 if ok else self.streak + failed
            if self.streak >= 10:
                self.fall(now)
        elif self.state == "half" and self.probe == me and (ok or failed):
            if ok:
                self.__init__()
            else:
                self.fall(now)
        if self.state == "closed":
            return want
        if self.until > now:
            return 0
        if want:
            self.state, self.probe, self.until = "half", me, now + 2 * SECOND
        return min(want, 1)


@pytest.mark.parametrize("seed", range(3))
def test_breaker_does_what_the_model_says(r, seed):
    rng, gate, model = random.Random(seed), Gate(r, **TRIP), Model()
    for step in range(1500):
        gate.now += rng.choice((0, 1, MS, 100 * MS, SECOND, 2 * SECOND, 6 * SECOND))
        is_bad = step // 50 % 2
        me, want = f"w{rng.randrange(3)}", rng.choice((0, 1, 4))
        ok, failed = (0, rng.randrange(5)) if is_bad else (rng.randrange(3), rng.choice((0, 0, 1)))
        assert gate.ask(want, me=me, ok=ok, failed=failed)[0] == model.ask(gate.now, me, want, ok, failed), step


def test_a_full_redis_lets_through(r):
    r.set(CLOCK, START)
    r.config_set("maxmemory", 1)
    answer = r.fcall("sp1_gate", 1, GATE, "w", 3, 40, 1000, 4, 0, 0, 0, 0, 0, 0, 0, 0)
    r.config_set("maxmemory", 0)
    assert answer == [3, 0, "closed"]


def test_what_is_not_asked_for_goes(r):
    gate = Gate(r, 40, 1000, 4)
    gate.ask()
    assert 0 < r.pttl(GATE) <= 24 * 3600 * 1000 + 1000


@pytest.mark.parametrize("at, value, says", [
    (1, "x", "BADARG 2"), (3, 0, "BADARG 4"), (4, 0, "BADARG 5"), (4, 41, "BADARG 5"), (8, "", "BADARG 9"),
    (12, -1, "BADARG 13"), (13, 1, "BADARG 14")])
def test_bad_arguments(r, at, value, says):
    args = ["w", 1, 40, 1000, 4, 10, 1, 1, 1, 0, 0, 0, 0]
    args[at:at + 1] = [value]
    with pytest.raises(Exception, match=f"^{says}$"):
        r.fcall("sp1_gate", 1, GATE, *args)
    assert not r.exists(GATE)


def test_a_key_of_a_foreign_type(r):
    r.set(CLOCK, START)
    r.set(GATE, "x")
    with pytest.raises(Exception, match=f"^WRONGTYPE {GATE}$"):
        Gate(r, 40, 1000, 4).ask()
