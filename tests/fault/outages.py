"""F06, F07, F09, F11, F12, F13: Redis is away, forgets, is another one, or cannot write. What the workers have to do about
it is wait and go on by themselves, but for one case: a Redis that holds other data than before."""
import shutil
import time

from rig import Rig
from standpipe_run import DEADLINE_S, wait_for

GIVES_UP = 78


def errors(worker):
    return [line for line in worker.log.read_text(errors="replace").splitlines() if "level=error" in line]


def groups(r):
    return [key for key in r.scan_iter("*", _type="stream") if r.xinfo_groups(key)]


def replaced_by_an_empty_one(p):
    p.kill("redis")
    shutil.rmtree(p.redis.folder)
    p.redis.folder.mkdir()
    p.revive("redis")


def emptied(p):
    p.r.flushall()


def another_mark(p):
    p.r.set("sp:mark", "0" * 32)


def other_data(ctx):
    """Every worker stops by itself with one sentence, and nobody makes groups in the other data set."""
    wrong, slowest = [], 0.0
    for change in (replaced_by_an_empty_one, emptied, another_mark):
        with Rig(ctx.folder / change.__name__) as p:
            p.feed(100_000)
            wait_for("rows to come", lambda: p.books().get("ship:out", 0) > 0)
            change(p)
            begun = time.monotonic()
            for name, worker in p.workers.items():
                status = worker.process.wait(DEADLINE_S)
                said = errors(worker)
                if status != GIVES_UP or len(said) != 1 or "its mark was" not in said[0]:
                    wrong.append(f"{change.__name__}: {name} ended with {status} and said {said}")
            slowest = max(slowest, time.monotonic() - begun)
            if change is not another_mark and (made := groups(p.r)):
                wrong.append(f"{change.__name__}: groups were made in {made}")
    if slowest > ctx.slack * 5:
        wrong.append(f"it took {slowest:.1f} s")
    return {"data_sets": 3, "all_stopped_after_s": round(slowest, 2)}, wrong


ROWS = [("F07", "another redis under the workers", other_data)]
