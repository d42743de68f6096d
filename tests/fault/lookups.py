"""F41: what workers of an `enrich` stage share, while they are killed, or Redis is, or the service fails in every way."""
from collections import Counter

from enrich_pool import EnrichPool, most_in_a_window
from kills import schedule
from rig import DURABLE, gap
from standpipe_run import wait_for

LIMIT, BURST, SECOND = 100, 10, 1_000_000
RATE = f"rate: {{limit: {LIMIT}/s, burst: {BURST}}}"


def cities(n):
    """Four records in five have a city of their own; the fifth shares one with all others of its kind."""
    return [f"c{i}" if i % 5 else "everybody" for i in range(n)]


def verdict(p, ctx, is_limited=True):
    rows = Counter(int(d["sp_id"].split("-")[1]) for d in p.documents())
    ambiguous, calls = p.books().get("ship:ambiguous", 0), p.lookup.keys()
    copies = sum(rows.values()) - len(rows)
    peak = most_in_a_window(p.lookup.arrivals(), SECOND)
    figures = {"rows": p.sent, "lost": p.sent - len(rows), "copies": copies, "ambiguous": ambiguous, "keys": len(calls),
               "calls": p.lookup.meter()["calls"], "calls_of_the_common_key": calls["GB|everybody"], "most_in_a_second": peak}
    wrong = [line for line in p.wrong() if copies == 0 or "documents of" not in line]
    if len(rows) != p.sent or copies > ambiguous:
        wrong.append(f"{p.sent - len(rows)} lost, {copies} copies, {ambiguous} ambiguous")
    if is_limited and peak > LIMIT:
        wrong.append(f"{peak} calls in a second, {LIMIT} are allowed")
    audit = p.command("audit")
    if audit.returncode != 0:
        wrong.append(f"standpipe audit says {audit.returncode}: {audit.stdout}{audit.stderr}")
    return figures, wrong


def worker_kills(ctx):
    """kill -9 of the workers, at most a second from one to the next, while the pool goes at its rate."""
    kills, rows = (12, 800) if ctx.short else (150, 8000)
    with EnrichPool(ctx.folder, RATE, lease="1s", **DURABLE) as p:
        p.feed(cities(rows), an_entry=10)
        wait_for("calls", lambda: p.lookup.meter()["calls"])
        for delay, name, pause in schedule(ctx.folder, ctx.seed, kills, p.enrichers, (0, 0.2), (0.1, 0.6)):
            gap(delay)
            p.kill(name)
            gap(pause)
            p.revive(name)
        p.wait(300)
        figures, wrong = verdict(p, ctx)
        # Whoever dies leaves a call that nobody kept, and there are few at a time below the rate.
        if figures["calls"] > figures["keys"] + kills * BURST:
            wrong.append(f"{figures['calls']} calls for {figures['keys']} keys with {kills} kills")
    return {"kills": kills, **figures}, wrong


def redis_kills(ctx):
    """kill -9 of Redis: what it forgot of the rate it makes up for, and every record waits until it is back."""
    kills, rows = (3, 600) if ctx.short else (25, 5000)
    with EnrichPool(ctx.folder, RATE, **{**DURABLE, "appendfsync": "everysec"}) as p:
        p.feed(cities(rows), an_entry=10)
        wait_for("all of it to be in", lambda: p.r.xlen("sp:inbox") == 0)
        gap(1.5)  # it is on the disk by then
        for delay, name, pause in schedule(ctx.folder, ctx.seed, kills, ["redis"], (0, 0.3), (0.3, 1.5)):
            gap(delay)
            p.kill(name)
            gap(pause)
            p.revive(name)
        p.wait(300)
        figures, wrong = verdict(p, ctx)
        if figures["copies"]:  # deliveries that Redis forgot within its second
            wrong = [line for line in wrong if "copies" not in line or figures["lost"]]
    return {"kills": kills, **figures}, wrong


def bad_service(ctx):
    """One call in three fails in some way, workers die besides: each record gets what the service knows, in the end."""
    kills, rows = (6, 1000) if ctx.short else (60, 10_000)
    with EnrichPool(ctx.folder, lease="1s", **DURABLE) as p:
        p.lookup.faults(seed=ctx.seed, latency_ms=10, jitter_ms=20, failures=0.15, drops=0.1, too_many=0.05, silences=0.002)
        p.feed(cities(rows), an_entry=10)
        for delay, name, pause in schedule(ctx.folder, ctx.seed, kills, p.enrichers, (0, 0.1), (0.1, 0.6)):
            gap(delay)
            p.kill(name)
            gap(pause)
            p.revive(name)
        p.wait(300)
        figures, wrong = verdict(p, ctx, is_limited=False)
    return {"kills": kills, **figures}, wrong


ROWS = [("F41", "look-ups at a rate, their workers killed", worker_kills), ("F41b", "look-ups at a rate, redis killed", redis_kills),
        ("F41c", "look-ups of a service that fails in every way", bad_service)]
