"""F36: the clock of Redis, or that of the workers, is put forward or back while they work."""
import os
import struct
import time

from rig import Rig
from standpipe_run import BUILD, STANDPIPE, wait_for

SHIM = BUILD / "tests/fault/clock.so"
STEPS_S = (1, -1, 3600, -3600)


class ClockRig(Rig):
    """Redis has a clock of its own, all workers share another."""

    def __init__(self, folder):
        super().__init__(folder)
        self.clocks = {who: folder / f"{who}.clock" for who in ("redis", "workers")}
        for who in self.clocks:
            self.put(who, 0)
        self.redis.environment = self.preloaded("redis")

    def put(self, who, seconds):
        path = self.clocks[who]
        with path.open("r+b" if path.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds * 10 ** 9))

    def preloaded(self, who):
        return {**os.environ, "LD_PRELOAD": str(SHIM), "STANDPIPE_CLOCK": str(self.clocks[who])}

    @property
    def environment(self):
        return {**super().environment, **self.preloaded("workers")}


def steps(ctx):
    """After each step a worker is killed: started again it is at work within a second."""
    rounds = 1 if ctx.short else 10
    if b"__asan_init" in STANDPIPE.read_bytes():
        ctx.skip("a sanitizer wants to be loaded first")
    with ClockRig(ctx.folder) as p:
        p.firehose.faults(latency_ms=10)
        longest, wrong = 0.0, []
        for who in ("redis", "workers") * rounds:
            for seconds in STEPS_S:
                p.feed(30_000)
                p.put(who, seconds)
                told = p.r.time()[0] - time.time()
                if who == "redis" and abs(told - seconds) > 2:
                    wrong.append(f"the clock of redis is off by {told:.0f} s, not by {seconds}")
                for name in ("normalise-1", "normalise-2"):
                    p.kill(name)
                before, begun = p.books().get("tidy:out", 0), time.monotonic()
                for name in ("normalise-1", "normalise-2"):
                    p.revive(name)
                wait_for("work to go on", lambda: p.books().get("tidy:out", 0) > before or p.is_at_rest(), 30)
                longest = max(longest, time.monotonic() - begun)
                told = int(wait_for("its beat", lambda: p.r.hget("sp:worker:normalise-1", "started"))) / 1000 - time.time()
                if who == "workers" and abs(told - seconds) > 10:
                    wrong.append(f"the clock of a worker is off by {told:.0f} s, not by {seconds}")
            p.put(who, 0)
        p.firehose.faults()
        p.rest(120)
        if longest > ctx.slack:
            wrong.append(f"after a step work went on after {longest:.2f} s")
        figures, accounts = p.verdict()
        wrong += accounts + [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
        return {"steps": 2 * rounds * len(STEPS_S), "work_after_s": round(longest, 2), **figures, **ctx.peaks(p)}, wrong


ROWS = [("F36", "clocks put forward and back", steps)]
