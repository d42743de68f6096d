"""F02, F18: places in the protocol. Answers of commits that get lost, and a process that dies just before, in the middle
of, or just behind the n-th command of a kind: the places that a random kill meets once in a thousand."""
import random

from proxy import HttpProxy, RedisProxy
from rig import Rig
from standpipe_run import wait_for

AT_REDIS = [("XREADGROUP", "lost"), ("XREADGROUP", "after"), ("FCALL", "before"), ("FCALL", "half"), ("EXEC", "before"),
            ("EXEC", "lost"), ("EXEC", "after")]
AT_JOB = [("HGETALL", "lost"), ("HGETALL", "after")]
AT_SINK = [("POST", where) for where in ("before", "half", "lost", "head", "after")]


def points(tries):
    for kind in ("dispatch", "split-1", "normalise-1", "deliver-1"):
        for command, where in AT_REDIS + (AT_JOB if kind == "split-1" else []) + (AT_SINK if kind == "deliver-1" else []):
            for n in tries:
                yield kind, command, where, n


def is_something(reply):
    """An answer to XREADGROUP that brings entries."""
    return reply[:1] == b"*" and reply[1:2] not in b"-0"


class Trap:
    """Strikes the n-th request of a name; of XREADGROUP, those count that are answered with entries."""

    def __init__(self, proxy, command, where, n, victim):
        self.command, self.where, self.left, self.victim = command, where, n, victim
        self.is_sprung = False
        proxy.hit, proxy.choose = self.spring, self.choose

    def count(self):
        self.left -= 1
        return self.where if self.left == 0 else None

    def choose(self, request):
        name = request if isinstance(request, str) else request.split(b" ")[0].decode()
        if name != self.command or self.left <= 0:
            return None
        if name == "XREADGROUP":
            return lambda reply: self.count() if is_something(reply) else None
        return self.count()

    def spring(self):
        self.victim.process.kill()
        self.is_sprung = True


def crash_points(ctx):
    """Each point: arm it, feed a file, let the process die there, start it again, and wait until all is settled."""
    fleet = ("dispatch", "split-1", "normalise-1", "deliver-1")
    with Rig(ctx.folder, fleet=fleet) as p:
        sink = HttpProxy(p.firehose.url)
        p.through(sink.url, "deliver-1")
        proxies = {name: RedisProxy(ctx.folder, name, p.redis) for name in fleet}
        for name, proxy in proxies.items():
            p.through(proxy.path, name)
        missed, reached = [], 0
        for name, command, where, n in points((1, 2) if ctx.short else (1, 2, 3)):
            proxy = sink if command == "POST" else proxies[name]
            trap = Trap(proxy, command, where, n, p.worker(name))
            for _ in range(20):  # how many requests a file makes is the product's business
                for _ in range(n):
                    p.feed(600)
                wait_for("the point, or rest", lambda: trap.is_sprung or p.is_at_rest(), 30)
                if trap.is_sprung:
                    break
            proxy.choose = lambda request: None
            if not trap.is_sprung:
                missed.append(f"{name} never came to {command} {where} {n}")
                continue
            p.kill(name)  # it is dead: what it held is noted
            p.revive(name)
            p.rest(30)
            reached += 1
        figures, wrong = p.verdict()
        for proxy in (sink, *proxies.values()):
            proxy.close()
    return {"crash_points": reached, **figures, **ctx.peaks(p)}, wrong + missed


def lost_answers(ctx):
    """A share of all EXECs is carried out and its answer dropped with the connection: the repeat changes nothing."""
    drops, most = (50, 300_000) if ctx.short else (1000, 2_000_000)
    draw = random.Random(ctx.seed)
    with Rig(ctx.folder) as p:
        proxy = RedisProxy(ctx.folder, "proxy", p.redis)
        proxy.choose = lambda name: "lost" if name == "EXEC" and proxy.hits < drops and draw.random() < 0.3 else None
        p.through(proxy.path, *p.fleet)
        while proxy.hits < drops and p.rows < most:
            p.feed(20_000)
            p.rest(120)
        figures, wrong = p.verdict(noted=False)
        wrong += [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
        if proxy.hits < drops:
            wrong.append(f"only {proxy.hits} answers were dropped")
        proxy.close()
    return {"lost_answers": proxy.hits, **figures, **ctx.peaks(p)}, wrong


ROWS = [("F02", "crash points of every worker", crash_points), ("F18", "answers of commits are lost", lost_answers)]
