"""F46: hours of load with faults of the matrix drawn from a seed. The workers whose name ends in 1 are never killed: their
memory and their descriptors may not grow. Every now and then all comes to rest and everything is counted, so that neither the
input nor what was delivered has to be kept for longer than that."""
import collections
import os
import random
import re
import shutil
import threading
import time

import checker
from numbered import PIPELINE, Rows, by_text
from proxy import RedisProxy
from rig import Rig, gap

STEADY, SPARE = ("dispatch", "split-1", "normalise-1", "deliver-1"), ("split-2", "normalise-2", "deliver-2")
LOAD, LEASE_S, TICK_S, EPOCH_S = 0.7, 1, 0.5, 10
GROWTH_KIB, GROWTH_FDS = 4096, 2  # over the whole run


class Soak(Rig):
    """Half of the fleet talks to Redis through `proxy`."""

    def __init__(self, folder):
        super().__init__(folder, lease=f"{LEASE_S}s", fleet=(), **{"auto-aof-rewrite-min-size": "256mb"})
        self.fed, self.proxy, self.version = 0, None, 0
        self.door = threading.Lock()  # who feeds, and who makes that impossible
        self.faults = collections.Counter()
        self.expected_counts, self.ids, self.copies = collections.Counter(), 0, 0

    def __enter__(self):
        super().__enter__()
        self.proxy = RedisProxy(self.folder, "proxy", self.redis)
        self.start(*STEADY)
        for name in SPARE:
            self.start(name)
            self.through(self.proxy.path, name)
        return self

    def __exit__(self, *failure):
        self.proxy.close()
        super().__exit__(*failure)

    def feed(self, n):
        rows = Rows(self, n, f"rows-{self.fed}.csv", self.fed)
        self.fed += n
        self.files.append(rows)
        return rows

    def settle_accounts(self):
        """At rest: what is wrong with the files since the last time. They are forgotten, as is what came of them."""
        self.rest(180)
        came = collections.Counter(id for id, _ in self.delivered())
        expected = {id for rows in self.files for id in rows.ids(self.job(rows.job)["src"])}
        yield from (w for rows in self.files for w in rows.wrong(self))
        if came.keys() != expected:
            yield f"{len(expected - came.keys())} lost, {len(came.keys() - expected)} unexpected"
        self.ids += len(came)
        self.copies += sum(n > 1 for n in came.values())
        self.expected_counts.update(by_text(self.files))
        books = self.books()
        if books["ship:out"] != self.ids or self.copies > books.get("ship:ambiguous", 0):
            yield f"{self.ids} ids came and {self.copies} came again, the books say {books}"
        if self.counts("by_text")["total"] != self.expected_counts:
            yield f"counts are {self.counts('by_text')['total']}, not {dict(self.expected_counts)}"
        yield from (*checker.rest(self), *checker.accounts(self), *self.audit())
        yield from (f"{name} ended by itself" for name, w in self.workers.items() if not w.is_alive())
        self.forget()

    def forget(self):
        self.command("dead", "drop", "--yes")
        self.kill("firehose")  # it writes to what is thrown away
        shutil.rmtree(self.firehose.folder / "out", ignore_errors=True)
        self.revive("firehose")
        for rows in self.files:
            rows.path.unlink()
        self.files, self.jobs = [], []


# Faults: each begins, lasts for `s` seconds, and ends.

def killed(p, name, s):
    p.kill(name)
    gap(s)
    p.revive(name)


def stopped(p, name, s):
    p.worker(name).stop()
    gap(s)
    p.revive(name)


def paused(p, name, s):
    p.worker(name).pause()
    gap(LEASE_S * 1.5 + s)
    p.worker(name).go_on()


def redis_killed(p, _, s):
    with p.door:
        killed(p, "redis", s)


def sink_killed(p, _, s):
    killed(p, "firehose", s)


def redis_full(p, _, s):
    with p.door:
        p.r.config_set("maxmemory", 1)
        gap(s)
        p.r.config_set("maxmemory", 0)


def answers_lost(p, _, s):
    p.proxy.choose = lambda name: "lost" if name == "EXEC" and random.random() < 0.3 else None
    gap(s)
    p.proxy.choose = lambda name: None


def redis_slow(p, _, s):
    p.proxy.latency_s, p.proxy.slice_bytes = 0.05, 1000
    gap(s)
    p.proxy.latency_s, p.proxy.slice_bytes = 0, 0


def link_dead(p, _, s):
    p.proxy.freeze()
    gap(s)


def applied(p, _, s):
    p.version += 1
    p.apply(PIPELINE.format(call=f"{32 + p.version % 5 * 8}KiB"))
    gap(s)


def sink(**faults):
    def fault(p, _, s):
        p.firehose.faults(**faults)
        gap(s)
        p.firehose.faults()
    return fault


FAULTS = {"F01": killed, "F03": paused, "F05": redis_killed, "F10b": redis_full, "F17": link_dead, "F18": answers_lost,
          "F19": redis_slow, "F20": sink(call_503=1), "F22": sink(record_fail=0.2), "F24a": sink(drop_before=0.2),
          "F24b": sink(drop_after_write=0.2), "F24c": sink(call_500_after_write=0.2), "F24d": sink(short_reply=0.2, slice_reply=1),
          "F25": sink_killed, "F38": applied, "P7": stopped}


# Measuring.

def capacity(p):
    """Rows a second, of a pipeline that has nothing else to do."""
    p.feed(20_000)
    p.rest()
    begun, n = time.monotonic(), 200_000
    p.feed(n)
    p.rest(120)
    return n / (time.monotonic() - begun)


def footprint(pid):
    """KiB in memory, open descriptors."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]), len(os.listdir(f"/proc/{pid}/fd"))


def growth(samples):
    """Of the line through (time, value) pairs, from the first to the last of them."""
    times, values = zip(*samples)
    t, v = sum(times) / len(times), sum(values) / len(values)
    spread = sum((x - t) ** 2 for x in times)
    return sum((x - t) * (y - v) for x, y in samples) / spread * (times[-1] - times[0]) if spread else 0


class Feeder(threading.Thread):
    """Load of `rate` rows a second, until it is told to stop."""

    def __init__(self, p, rate):
        super().__init__(daemon=True)
        self.p, self.rate, self.over, self.failure = p, rate, threading.Event(), None

    def run(self):
        begun, fed = time.monotonic(), 0
        try:
            while not self.over.wait(TICK_S):
                n = int((time.monotonic() - begun) * self.rate) - fed
                fed += n
                with self.p.door:
                    self.p.feed(n)
        except Exception as failure:
            self.failure = failure

    def stop(self):
        self.over.set()
        self.join()
        if self.failure:
            raise self.failure


def epoch(p, rate, draw, schedule):
    """Load and faults for a while, then rest; what is wrong."""
    feeder, until = Feeder(p, rate), time.monotonic() + EPOCH_S
    feeder.start()
    try:
        while time.monotonic() < until:
            row, victim, length, delay = draw.choice(list(FAULTS)), draw.choice(SPARE), draw.uniform(0.05, 2), draw.uniform(0, 1)
            print(f"{row} {victim} {length:.3f} s, the next after {delay:.3f} s", file=schedule, flush=True)
            FAULTS[row](p, victim, length)
            p.faults[row] += 1
            gap(delay)
    finally:
        feeder.stop()
    return list(p.settle_accounts())


def grown(samples):
    """What took more and more; the first third is the time in which it may find its size."""
    for name, taken in samples.items():
        taken = taken[len(taken) // 3:]
        kib, fds = (growth([(at, footprint[i]) for at, footprint in taken]) for i in (0, 1))
        yield name, round(kib), round(fds, 1)
