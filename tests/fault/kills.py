"""F01, F03, F05: processes that die or stop at moments drawn from a seed."""
import json
import random
import time

from rig import Rig, gap
from standpipe_run import wait_for

LEASE_S = 1
KINDS = ("dispatch", "split", "normalise", "deliver")


def schedule(folder, seed, n, targets, pause, delay):
    """All of it is drawn, and written down, before the first of it is done: (time to the next, target, how long)."""
    draw = random.Random(seed)
    steps = [(round(draw.uniform(*delay), 4), draw.choice(targets), round(draw.uniform(*pause), 4)) for _ in range(n)]
    (folder / "schedule.json").write_text(json.dumps({"seed": seed, "steps": steps}))
    return steps


def feed(p, rows, done, files=8):
    """As much of the input as belongs to this share of the faults, so that there is work up to the last of them."""
    while len(p.files) < files and len(p.files) <= done * files:
        p.feed(rows // files)


def kill_loop(ctx):
    """kill -9 of a random worker every 5 to 30 ms, each started again within 20 ms; with few kills less often, so that
    some of them meet work."""
    kills, rows, delay = (60, 60_000, (0.02, 0.08)) if ctx.short else (1000, 400_000, (0.005, 0.03))
    with Rig(ctx.folder) as p:
        p.firehose.faults(latency_ms=20 if ctx.short else 5)
        steps = schedule(ctx.folder, ctx.seed, kills, p.fleet, (0, 0.02), delay)
        for i, (delay, name, pause) in enumerate(steps):
            feed(p, rows, i / kills)
            gap(delay)
            p.kill(name)
            gap(pause)
            p.revive(name)
        feed(p, rows, 1)
        p.firehose.faults()
        p.rest(120)
        figures, wrong = p.verdict()
        killed = {kind: sum(n for name, n in p.killed.items() if name.startswith(kind)) for kind in KINDS}
        figures = {"kills": kills, "killed": killed, **figures, **ctx.peaks(p)}
    return figures, wrong


def zombies(ctx):
    """SIGSTOP for longer than the lease, then SIGCONT: what it held was taken, and its late commit changes nothing."""
    pauses, rows = (12, 120_000) if ctx.short else (500, 1_000_000)
    at_once = 3 if ctx.short else 10
    fleet = ("dispatch", *(f"{kind}-{i + 1}" for kind, n in
                           (("split", 1 + at_once // 4), ("normalise", 2 + at_once // 3), ("deliver", 2 + at_once // 3))
                           for i in range(n)))
    with Rig(ctx.folder, lease=f"{LEASE_S}s", fleet=fleet) as p:
        draw = random.Random(ctx.seed)
        rounds = [(draw.sample(fleet, at_once), draw.uniform(0.02, 0.2)) for _ in range(pauses // at_once)]
        (ctx.folder / "schedule.json").write_text(json.dumps({"seed": ctx.seed, "rounds": rounds}))
        for i, (names, delay) in enumerate(rounds):
            p.firehose.faults(latency_ms=300 if i % 2 else 0)  # by turns the deliverers have most in hand, and the others
            feed(p, rows, i / len(rounds), files=len(rounds))
            gap(delay)
            for name in names:
                p.worker(name).pause()
            until = time.monotonic() + 0.55  # a read that was under way blocks for half a second
            while time.monotonic() < until:  # and who has hardly woken up from the last time may be taken for dead at once
                p.note_in_hand(*(name for name in names if name.startswith("deliver")))
                gap(0.02)
            gap(LEASE_S * 1.5)
            for name in names:
                p.worker(name).go_on()
        feed(p, rows, 1, files=len(rounds))
        p.firehose.faults()
        p.rest(120)
        figures, wrong = p.verdict()
        text = {kind: "".join(w.log.read_text(errors="replace") for w in p.workers.values() if w.kind == kind)
                for kind in KINDS}
        figures = {"pauses": len(rounds) * at_once, "taken_over": {k: t.count("took over entries") for k, t in text.items()},
                   "fenced": sum(t.count("another worker owns the entry") for t in text.values()), **figures, **ctx.peaks(p)}
        wrong += [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
    return figures, wrong


def redis_kills(ctx):
    """kill -9 of redis-server under load, with appendfsync always; the time from its PONG to the next commit."""
    kills, rows = (5, 60_000) if ctx.short else (100, 400_000)
    with Rig(ctx.folder) as p:
        p.firehose.faults(latency_ms=5)
        steps = schedule(ctx.folder, ctx.seed, kills, ("redis",), (0, 0.1), (0.1, 0.4))
        waits = []
        for i, (delay, name, pause) in enumerate(steps):
            feed(p, rows, i / kills)
            gap(delay)
            p.kill(name)
            gap(pause)
            p.revive(name)  # it returns with the first PONG
            before, begun = p.books(), time.monotonic()
            feed(p, rows, (i + 1) / kills)
            wait_for("work to go on", lambda: p.books() != before or p.is_at_rest(), 30)
            waits.append(time.monotonic() - begun)
        p.firehose.faults()
        p.rest(120)
        figures, wrong = p.verdict(noted=False)
        figures = {"redis_kills": kills, "work_after_s": round(max(waits), 2), **figures, **ctx.peaks(p)}
        if max(waits) > ctx.slack * 3:
            wrong.append(f"work went on {max(waits):.2f} s after the PONG")
        wrong += [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
    return figures, wrong


ROWS = [("F01", "kill -9 of random workers", kill_loop), ("F03", "SIGSTOP beyond the lease", zombies),
        ("F05", "kill -9 of redis-server, fsync always", redis_kills)]
