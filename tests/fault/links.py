"""F07, F17, F19: a Redis that is another one than before, a link that goes dead without a word, a link that is slow."""
import os
import shutil
import time

from proxy import RedisProxy
from rig import Rig
from standpipe_run import wait_for

CONFIGURATION = 78
LEASE_S = 2
BUSY_SHARE = 0.05
DEAD_LINK_S = 0.5 + 5  # how long a read blocks, and five seconds: docs/operations.md


def empty_redis(ctx):
    """It comes back without its data: every worker says so in one sentence and ends, none begins from the start."""
    with Rig(ctx.folder) as p:
        p.feed(5000)
        p.rest()
        p.note_peaks()
        p.kill("redis")
        shutil.rmtree(p.redis.folder / "appendonlydir")
        begun = time.monotonic()
        p.revive("redis")
        wait_for("all workers to end", lambda: not any(w.is_alive() for w in p.workers.values()), 30)
        took = time.monotonic() - begun
        wrong = [f"{name} ended with {w.process.returncode}" for name, w in p.workers.items()
                 if w.process.returncode != CONFIGURATION]
        silent = set(p.workers) - set(p.said("holds another data set"))
        if silent:
            wrong.append(f"{sorted(silent)} did not say why")
        wrong += [*p.too_large(), *p.reports()]
    return {"workers": len(p.fleet), "stopped_after_s": round(took, 2), **ctx.peaks(p)}, wrong


def dead_link(ctx):
    """Every connection to Redis stops to carry anything, without an end of it: new ones work."""
    times = 1 if ctx.short else 5
    seen, longest = 0, 0
    with Rig(ctx.folder, lease=f"{LEASE_S}s") as p:
        proxy = RedisProxy(ctx.folder, "proxy", p.redis)
        p.through(proxy.path, *p.fleet)
        for i in range(times):
            p.feed(60_000)
            before = p.books().get("ship:out", 0)
            wait_for("work", lambda: p.books().get("ship:out", 0) > before, 30)
            proxy.freeze()
            begun = time.monotonic()
            wait_for("all to notice", lambda: all(w.log.read_text().count("no answer in") > i for w in p.workers.values()), 60)
            seen = max(seen, time.monotonic() - begun)
            p.rest(60)
            longest = max(longest, time.monotonic() - begun)
        figures, wrong = p.verdict(noted=False)
        wrong += [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
        if seen > DEAD_LINK_S * ctx.slack:
            wrong.append(f"it took {seen:.1f} s until all had noticed")
        if longest > (DEAD_LINK_S + LEASE_S + 2) * ctx.slack:
            wrong.append(f"it took {longest:.1f} s until all was done over new connections")
        proxy.close()
    return {"dead_links": times, "seen_after_s": round(seen, 2), "all_done_after_s": round(longest, 2), **figures, **ctx.peaks(p)}, wrong


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def slow_link(ctx):
    """Every answer of Redis takes 50 ms and comes in slices: nobody spins meanwhile."""
    with Rig(ctx.folder) as p:
        proxy = RedisProxy(ctx.folder, "proxy", p.redis)
        proxy.latency_s, proxy.slice_bytes = 0.05, 1000
        p.through(proxy.path, *p.fleet)
        begun = time.monotonic()
        p.feed(20_000 if ctx.short else 60_000)
        p.rest(240)
        took = time.monotonic() - begun
        shares = {name: cpu_s(w.pid) / took for name, w in p.workers.items()}
        figures, wrong = p.verdict(noted=False)
        name = max(shares, key=shares.get)
        if shares[name] > BUSY_SHARE * ctx.slack:
            wrong.append(f"{name} used {shares[name]:.0%} of a processor while it waited")
        proxy.close()
    return {"busiest": f"{shares[name]:.1%}", **figures, **ctx.peaks(p)}, wrong


ROWS = [("F07", "Redis comes back empty", empty_redis), ("F17", "connections that go dead without an end", dead_link),
        ("F19", "slow and sliced answers of Redis", slow_link)]
