"""W1, W2, W3: windows, de-duplication and tables that records write, while what carries them dies, stops and loses answers."""
import random

from kills import feed, schedule
from proxy import RedisProxy
from rig import gap
from standpipe_run import wait_for
from sums import FLEET, Sums

LEASE_S = 1
COMMITTERS = ("normalise-1", "normalise-2")


def end(ctx, p, figures):
    p.firehose.faults()
    p.end()
    found, wrong = p.verdict()
    return {**figures, **found, **ctx.peaks(p)}, wrong + list(p.replays())


def killed_workers(ctx):
    """kill -9 of a random worker, of two dispatchers too, which close the windows."""
    kills, rows, delay = (40, 12_000, (0.02, 0.08)) if ctx.short else (1000, 200_000, (0.01, 0.04))
    files = 16 if ctx.short else 80
    with Sums(ctx.folder, ctx.seed) as p:
        for i, (wait, name, pause) in enumerate(schedule(ctx.folder, ctx.seed, kills, FLEET, (0, 0.02), delay)):
            feed(p, rows, i / kills, files)
            gap(wait)
            p.kill(name)
            gap(pause)
            p.revive(name)
        feed(p, rows, 1, files)
        return end(ctx, p, {"kills": kills})


def killed_redis(ctx):
    """kill -9 of redis-server under load, with appendfsync always."""
    kills, rows = (4, 8_000) if ctx.short else (100, 100_000)
    files = 16 if ctx.short else 80
    with Sums(ctx.folder, ctx.seed) as p:
        for i, (wait, name, pause) in enumerate(schedule(ctx.folder, ctx.seed, kills, ("redis",), (0, 0.1), (0.1, 0.4))):
            feed(p, rows, i / kills, files)
            gap(wait)
            p.kill(name)
            gap(pause)
            p.revive(name)
            before = p.books()
            wait_for("work to go on", lambda before=before: p.books() != before or p.is_at_rest(), 30)
        feed(p, rows, 1, files)
        return end(ctx, p, {"redis_kills": kills})


class CloseProxy(RedisProxy):
    """`choose` gets `sp1_close` for that function's calls."""

    def command(self, link, name, raw):
        super().command(link, b"sp1_close" if b"sp1_close" in raw[:64] else name, raw)


def lost_and_late(ctx):
    """Answers of commits and of sp1_close are lost; workers stand still for longer than the lease, and wake up as zombies."""
    drops, rounds, rows = (30, 2, 8_000) if ctx.short else (1000, 100, 200_000)
    files, draw = 16 if ctx.short else 80, random.Random(ctx.seed)
    with Sums(ctx.folder, ctx.seed, lease=f"{LEASE_S}s") as p:
        commits, closes = RedisProxy(ctx.folder, "commits", p.redis), CloseProxy(ctx.folder, "closes", p.redis)
        commits.choose = lambda name: "lost" if name == "EXEC" and draw.random() < 0.2 else None
        closes.choose = lambda name: "lost" if name == "sp1_close" and draw.random() < 0.4 else None
        p.through(commits.path, *COMMITTERS)
        p.through(closes.path, "dispatch-1", "dispatch-2")
        for i in range(rounds):
            feed(p, rows, i / rounds, files)
            gap(draw.uniform(0.02, 0.2))
            names = draw.sample(FLEET, 2)
            for name in names:
                p.worker(name).pause()
            gap(LEASE_S * 1.5)
            for name in names:
                p.worker(name).go_on()
        feed(p, rows, 1, files)
        wait_for("answers to be lost", lambda: commits.hits + closes.hits >= drops or p.is_at_rest(), 120)
        p.rest(120)
        lost = {"lost_commits": commits.hits, "lost_closes": closes.hits}
        commits.choose = closes.choose = lambda name: None
        figures, wrong = end(ctx, p, {"pauses": 2 * rounds, **lost})
        for proxy in (commits, closes):
            proxy.close()
    return figures, wrong


ROWS = [("W1", "windows: kill -9 of random workers", killed_workers), ("W2", "windows: kill -9 of redis-server", killed_redis),
        ("W3", "windows: lost answers, zombies", lost_and_late)]
