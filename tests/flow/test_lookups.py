"""The cache and the rate that workers share, with workers that have no stage around them (lookups.c): who fetches, who
waits, what is kept, and what happens when somebody, or Redis, goes."""
import hashlib
import os
import pathlib
import queue
import subprocess
import threading
import time

import pytest

from library import load_library
from redis_server import RedisServer
from standpipe_run import wait_for

LOOKUPS = pathlib.Path(os.environ.get("STANDPIPE_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build") / "tests/flow/lookups"
CACHE = "sp:cache:{locate:0123456789abcdef}"
NEW, OLD, ABOUT, LEASE = f"{CACHE}:new", f"{CACHE}:old", f"{CACHE}:about", f"{CACHE}:lease:"
DEADLINE_S = 20
DEFAULTS = {"fetch": 0, "ttl": 600_000, "missing": 600_000, "stale": 0, "jitter": 0, "entries": 1000, "bytes": 1_000_000,
            "local": 65536, "limit": 0, "period": 1000, "burst": 1}


class Worker:
    def __init__(self, server, **settings):
        args = [str(value) for value in {**DEFAULTS, **settings}.values()]
        self.process = subprocess.Popen([LOOKUPS, server.socket, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.lines, self.fetched, self.calls, self.shut, self.ready = queue.Queue(), [], [], 0, threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.ready.wait(DEADLINE_S)

    def _read(self):
        for line in self.process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "fetch":
                self.fetched.append(rest)
            elif word == "call":
                self.calls.append(int(rest))
            elif word == "shut":
                self.shut += 1
            elif word == "ready":
                self.ready.set()
            else:
                self.lines.put(line.strip())

    def say(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()
        return self

    def next(self):
        return self.lines.get(timeout=DEADLINE_S)

    def want(self, *keys):
        self.say(*(f"want {key}" for key in keys))
        return [self.next() for _ in keys]

    def look(self, key):
        self.say(f"look {key}")
        return self.next().removeprefix("look ")

    def state(self):
        self.say("state")
        fields = dict(pair.split("=") for pair in self.next().removeprefix("state ").split())
        return {name: int(value) if value.isdigit() else value for name, value in fields.items()}

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(DEADLINE_S) == 0


@pytest.fixture
def worker(server, r):
    workers = []

    def start(**settings):
        workers.append(Worker(server, **settings))
        return workers[-1]
    yield start
    for w in workers:
        if w.process.poll() is None:
            w.end()


def now():
    return int(time.time() * 1000)


def test_what_one_fetches_the_pool_has(worker, r):
    a, b = worker(), worker()
    assert a.want("york") == ['york found "a":1'] and a.fetched == ["york"]
    assert a.look("york") == 'found "a":1'
    kind, _, members = wait_for("it", lambda: r.hget(NEW, "york")).partition(" ")
    assert kind[0] == "+" and 590_000 < int(kind[1:]) - now() <= 600_000 and members == '"a":1'
    assert b.look("york") == "not"
    assert b.want("york") == ['york found "a":1'] and b.fetched == []
    assert b.look("york") == 'found "a":1'
    assert not r.keys(LEASE + "*")
    assert b.state()["shared"] + b.state()["waited"] == 1 and a.state()["put"] == 1


def test_that_there_is_none_is_kept_too(worker, r):
    a, b = worker(missing=1000), worker()
    a.say("answer missing")
    assert a.want("x") == ["x missing"] and a.look("x") == "missing"
    value = wait_for("it", lambda: r.hget(NEW, "x"))
    assert value[0] == "-" and value[1:].isdigit()
    assert b.want("x") == ["x missing"] and b.fetched == []


def test_a_failure_is_not_kept_and_the_next_one_tries(worker, r):
    a, b = worker(), worker()
    a.say("answer failed")
    assert a.want("x", "x") == ["x failed"] * 2 and a.fetched == ["x"]
    wait_for("the lease to be given up", lambda: not r.keys(LEASE + "*"))
    assert not r.exists(NEW) and a.look("x") == "not"
    assert b.want("x") == ['x found "a":1']


def test_one_fetch_of_a_cold_key_for_all_workers(worker, r):
    workers = [worker(fetch=300) for _ in range(8)]
    for w in workers:
        w.say(*["want york"] * 50)
    assert {w.next() for w in workers for _ in range(50)} == {'york found "a":1'}
    assert sum(len(w.fetched) for w in workers) == 1
    assert sum(w.state()["waited"] for w in workers) == 7
    assert sum(w.state()["joined"] for w in workers) == 49


def test_many_keys_at_once_are_each_fetched_once(worker, r):
    """More than a round takes, by workers that want them in other orders."""
    workers = [worker(fetch=20, entries=100_000) for _ in range(3)]
    keys = [f"k{i}" for i in range(700)]
    for i, w in enumerate(workers):
        w.say(*(f"want {key}" for key in keys[i * 200:] + keys[:i * 200]))
    for w in workers:
        assert {w.next() for _ in keys} == {f'{key} found "a":1' for key in keys}
    assert sorted(key for w in workers for key in w.fetched) == sorted(keys)
    wait_for("all of them", lambda: r.hlen(NEW) == 700)


def test_who_dies_fetching_is_replaced(worker, r):
    a, b = worker(fetch=60_000), worker()
    a.say("want york")
    wait_for("the lease", lambda: r.exists(LEASE + "york"))
    assert 2000 < r.pttl(LEASE + "york") <= 5000
    b.say("want york")
    a.kill()
    r.pexpire(LEASE + "york", 300)  # five seconds are long for a test
    assert b.next() == 'york found "a":1' and b.fetched == ["york"]


def test_a_long_fetch_keeps_its_lease(worker, r):
    a = worker(fetch=60_000)
    a.say("want york")
    wait_for("the lease", lambda: r.exists(LEASE + "york"))
    r.pexpire(LEASE + "york", 2500)
    wait_for("it to be renewed", lambda: r.pttl(LEASE + "york") > 4000)
    a.kill()


def test_a_fetch_that_lost_its_lease_answers_but_is_not_kept(worker, r):
    a = worker(fetch=500)
    a.say("want york")
    wait_for("the lease", lambda: r.exists(LEASE + "york"))
    r.set(LEASE + "york", "somebody else")
    assert a.next() == 'york found "a":1'
    wait_for("the answer to the put", lambda: a.state()["refused"] == 1)
    assert not r.exists(NEW) and r.get(LEASE + "york") == "somebody else"


def test_stale_values_are_used_while_one_refreshes(worker, r):
    r.hset(NEW, "york", f"+{now() - 1000} \"a\":0")
    a, b = worker(fetch=1000, stale=60_000), worker(stale=60_000)
    a.say("want york")
    wait_for("the lease", lambda: r.exists(LEASE + "york"))
    assert b.want("york") == ['york found "a":0'] and b.fetched == []
    assert a.next() == 'york found "a":1'
    assert b.want("york") == ['york found "a":1'] and b.state()["stale"] == 1


def test_stale_values_are_used_when_the_refresh_fails(worker, r):
    r.hset(NEW, mapping={"york": f"+{now() - 1000} \"a\":0", "leeds": f"+{now() - 90_000} \"a\":0", "hull": f"-{now() - 1000}"})
    a = worker(stale=60_000)
    a.say("answer failed")
    assert a.want("york") == ['york found "a":0']
    assert a.want("hull") == ["hull missing"]
    assert a.want("leeds") == ["leeds failed"]
    assert a.look("york") == 'found "a":0' and a.fetched == ["york", "hull", "leeds"]  # and not tried again at once


def test_a_stale_value_of_this_process_serves_while_it_refreshes(worker, r):
    a = worker(ttl=200, stale=60_000)
    a.want("york")
    wait_for("it to be stale", lambda: a.look("york") == "not")
    a.say("answer failed")
    assert a.want("york") == ['york found "a":1'] and a.state()["stale"] == 1


def test_what_is_past_its_time_is_fetched_again(worker, r):
    a = worker(ttl=300)
    a.want("york")
    a.say('answer found "a":2')
    wait_for("its end", lambda: a.look("york") == "not")
    assert a.want("york") == ['york found "a":2'] and a.fetched == ["york", "york"]


def test_lifetimes_differ(worker, r):
    a = worker(jitter=50)
    begin = now()
    a.want(*(f"k{i}" for i in range(100)))
    wait_for("all of them", lambda: r.hlen(NEW) == 100)
    ends = [int(value.split(" ")[0]) - begin for value in r.hgetall(NEW).values()]
    assert 290_000 < min(ends) < 400_000 < max(ends) < 605_000 and len(set(ends)) > 50


def test_what_is_used_moves_up(worker, r):
    r.hset(OLD, "york", f"+{now() + 60_000} \"a\":0")
    a = worker()
    assert a.want("york") == ['york found "a":0']
    wait_for("the move", lambda: r.hget(NEW, "york"))
    assert a.fetched == []


def test_long_keys_are_hashed(worker, r):
    long, foul = "k" * 300, "sha256:" + "0" * 64
    a, b = worker(), worker()
    a.want(long, foul)
    hashes = sorted("sha256:" + hashlib.sha256(k.encode()).hexdigest() for k in (long, foul))
    wait_for("their hashes", lambda: sorted(r.hkeys(NEW)) == hashes)
    assert b.want(long, foul) == [f'{k} found "a":1' for k in (long, foul)] and b.fetched == []


def test_what_was_dropped_is_forgotten_within_a_second_or_two(worker, r):
    a = worker()
    a.want("york")
    assert a.look("york") != "not"
    r.fcall("sp1_cache_drop", 3, NEW, OLD, ABOUT)
    wait_for("it to be forgotten", lambda: a.look("york") == "not", 5)
    assert a.want("york") == ['york found "a":1'] and a.fetched == ["york", "york"]
    wait_for("what is fetched behind it to be kept", lambda: r.hget(NEW, "york"))


def test_counters_reach_redis(worker, r):
    a = worker()
    a.want("york", "york", "leeds")
    for _ in range(5):
        a.look("york")
    wait_for("them", lambda: r.hmget(ABOUT, "fetched", "joined", "local") == ["2", "1", "5"])


def test_without_a_lifetime_nothing_is_kept_or_shared(worker, r):
    a = worker(ttl=0, missing=0)
    assert a.want("york", "york") == ['york found "a":1'] * 2 and a.want("york") == ['york found "a":1']
    assert a.fetched == ["york", "york"] and not r.keys("sp:cache:*")


def test_who_waits_is_told_when_the_worker_stops(worker, r):
    r.set(LEASE + "york", "somebody else", px=60_000)
    a = worker()
    a.say("want york")
    wait_for("it to wait", lambda: a.state()["sought"] == 1)
    a.say("stop")
    assert a.next().rstrip() == "york failed"


def test_a_full_redis_keeps_nothing_more_and_holds_nobody(worker, r):
    a, b = worker(), worker()
    a.want("york")
    wait_for("it", lambda: r.exists(NEW))
    r.config_set("maxmemory", 1)
    assert b.want("york", "leeds") == ['york found "a":1', 'leeds found "a":1'] and b.fetched == ["leeds"]
    assert b.look("leeds") == 'found "a":1' and not r.hexists(NEW, "leeds")
    r.config_set("maxmemory", 0)


def test_redis_away_all_wait_and_nothing_is_lost(tmp_path):
    with RedisServer(tmp_path, appendonly="yes") as server:
        with server.client() as r:
            load_library(r)
        a, b = Worker(server, fetch=500), Worker(server)
        a.say("want york")
        wait_for("the fetch", lambda: a.fetched)
        b.say("want york")
        server.kill()
        assert a.next() == 'york found "a":1'  # it had it under way, and could not put it
        a.say("want leeds")
        cpu = [cpu_of(w) for w in (a, b)]
        time.sleep(1)  # a while without Redis, to see what it costs
        used = [cpu_of(w) - was for w, was in zip((a, b), cpu)]
        assert max(used) < 20, "clock ticks"
        assert a.lines.empty() and b.lines.empty()
        server.start()
        assert a.next() == 'leeds found "a":1'
        with server.client() as r:
            r.delete(LEASE + "york")  # which is held for the one that could not put, for five seconds
        assert b.next() == 'york found "a":1' and b.fetched == ["york"]
        for w in (a, b):
            w.end()


def cpu_of(worker):
    """In ticks of the clock, a hundredth of a second each."""
    fields = pathlib.Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])


def most_in_a_window(times, length):
    times, most, first = sorted(times), 0, 0
    for last, when in enumerate(times):
        while when - times[first] > length:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_no_window_sees_more_calls_than_the_limit(server, worker, r):
    """Eight workers, of which one after the other is killed and replaced."""
    rate = {"limit": 40, "period": 500, "burst": 6}
    workers, all_of_them = [], []
    for _ in range(8):
        workers.append(worker(**rate).say("answer quiet", "calls"))
    all_of_them += workers
    begin = time.monotonic()
    while time.monotonic() - begin < 3:
        time.sleep(0.3)
        workers.pop(0).kill()
        workers.append(worker(**rate).say("answer quiet", "calls"))
        all_of_them.append(workers[-1])
    calls = [call for w in all_of_them for call in w.calls]
    assert most_in_a_window(calls, 500_000) <= 40
    assert len(calls) >= 3 * 80 * 0.6  # of 64 a second that the bound leaves


def test_retry_after_pauses_the_pool(worker, r):
    workers = [worker(limit=1000, burst=50).say("calls") for _ in range(4)]
    wait_for("calls", lambda: all(len(w.calls) > 20 for w in workers))
    workers[0].say("report failed 1500")
    wait_for("the pause", lambda: r.hget("sp:gate:geo", "pause") != "0")
    until = int(r.hget("sp:gate:geo", "pause"))
    paused = time.monotonic_ns() // 1000 + (until - time.time_ns() // 1000)  # its end by the clock of the workers
    wait_for("calls behind it", lambda: all(w.calls and w.calls[-1] > paused for w in workers))
    during = [call for w in workers for call in w.calls if paused - 1_400_000 < call < paused]
    assert during == []


def test_a_service_that_is_down_is_left_alone_but_for_probes(worker, r):
    workers = [worker(limit=1000, burst=50).say("answer failed", "calls") for _ in range(4)]
    wait_for("the breaker", lambda: r.hget("sp:gate:geo", "state") == "open")
    wait_for("it to be known", lambda: all(w.shut for w in workers))
    calls = sum(w.state()["granted"] for w in workers)
    assert calls < 300
    r.hset("sp:gate:geo", "open_until", 0)  # five seconds are long for a test
    wait_for("a probe to fail", lambda: r.hget("sp:gate:geo", "openings") == "2")
    assert sum(w.state()["granted"] for w in workers) == calls + 1
    for w in workers:
        w.say("answer found")
    r.hset("sp:gate:geo", "open_until", 0)
    wait_for("it to close", lambda: r.hget("sp:gate:geo", "state") == "closed")
    wait_for("calls", lambda: sum(w.state()["granted"] for w in workers) > calls + 20)
