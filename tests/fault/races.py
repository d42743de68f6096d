"""F04: two workers believe at once that a third is dead, and that the other is."""
import threading

from library import Commit, load_library
from redis_server import RedisServer

TOPIC, OUT, BOOKS = "sp:{0}:tidy", "sp:{0}:ship", "sp:{0}:books"
REFUSED = ("FENCED", "DONE", "STALE")


def adopt(r, holder, me):
    taken, _, lost = r.fcall("sp1_adopt", 1, TOPIC, "sp", holder, me, 16)
    return taken, lost


class Heir(threading.Thread):
    """In each round: takes what the dead one holds, takes what the other heir holds, and commits the entry, whoever has it."""

    def __init__(self, r, name, other, ids, go):
        super().__init__(daemon=True)
        self.r, self.who, self.other, self.ids, self.go = r, name, other, ids, go
        self.taken, self.won, self.wrong = 0, 0, []

    def run(self):
        try:
            for i, id in enumerate(self.ids):
                self.go.wait(60)
                self.race(i, id)
        except Exception as failure:
            self.wrong.append(f"{self.who}: {failure!r}")
            self.go.abort()

    def race(self, i, id):
        taken, lost = adopt(self.r, f"dead-{i}", self.who)
        self.taken += taken
        answer = self.commit(id)
        if isinstance(answer, Exception):
            adopt(self.r, self.other, self.who)
            answer = self.commit(id)
        if not isinstance(answer, Exception):
            self.won += 1
        elif not str(answer).startswith(REFUSED):
            self.wrong.append(f"{self.who} was told {answer}")
        if lost:
            self.wrong.append(f"{self.who} was told that {lost} entries were lost")

    def commit(self, id):
        return Commit(TOPIC, [id], self.who, {OUT: [{"data": id}]}, {BOOKS: {"tidy:out": 1}}).settle(self.r)


def take_overs(ctx):
    """Each of the entries was in the hands of a worker of its own that died; two heirs want it at the same moment."""
    races = 500 if ctx.short else 10_000
    with RedisServer(ctx.folder) as server, server.client() as r, server.client() as one, server.client() as other:
        load_library(r)
        r.xgroup_create(TOPIC, "sp", "0", mkstream=True)
        ids = [r.xadd(TOPIC, {"data": str(i)}) for i in range(races)]
        for i in range(races):
            r.xreadgroup("sp", f"dead-{i}", {TOPIC: ">"}, count=1)
        go = threading.Barrier(2)
        heirs = [Heir(one, "heir-a", "heir-b", ids, go), Heir(other, "heir-b", "heir-a", ids, go)]
        for heir in heirs:
            heir.start()
        for heir in heirs:
            heir.join()
        wrong = [w for heir in heirs for w in heir.wrong[:5]]
        came = [fields["data"] for _, fields in r.xrange(OUT)]
        if sorted(came) != sorted(ids):
            wrong.append(f"of {races} entries {len(set(came))} came, {len(came) - len(set(came))} of them again")
        if sum(heir.won for heir in heirs) != races or int(r.hget(BOOKS, "tidy:out")) != races:
            wrong.append(f"{[heir.won for heir in heirs]} commits were taken, the books say {r.hget(BOOKS, 'tidy:out')}")
        if r.xlen(TOPIC) or r.xpending(TOPIC, "sp")["pending"]:
            wrong.append("something is left")
    return {"races": races, "taken_over": sum(heir.taken for heir in heirs), "won": {heir.who: heir.won for heir in heirs}}, wrong


ROWS = [("F04", "two take-overs of one entry", take_overs)]
