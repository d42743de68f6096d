"""P7, P8: how long it takes until a dead worker's entries are in other hands, and until a live one has let go of its own.
F08: cuts of the append-only file. F33, F34: files that change while they are read."""
import os
import random
import time

import test_aof_cut
from rig import Rig, gap
from standpipe_run import wait_for

LEASE_S = 2
PAIRS = ("dispatch", "split-1", "split-2", "normalise-1", "normalise-2", "deliver-1", "deliver-2")
STAGES = {"split": "rows", "normalise": "tidy", "deliver": "ship"}


def take_over(ctx):
    """kill -9 of one that holds entries, and nobody starts it again: how long until others have them."""
    rounds = 1 if ctx.short else 10
    longest, taken = 0, 0
    with Rig(ctx.folder, lease=f"{LEASE_S}s", fleet=PAIRS) as p:
        for kind, stage in list(STAGES.items()) * rounds:
            p.firehose.faults(latency_ms=200)
            name = None
            while not name:
                p.feed(40_000)
                wait_for("entries in a hand, or rest", lambda: p.holders(stage) or p.is_at_rest())
                name = next(iter(p.holders(stage).values()), None)
            p.worker(name).pause()  # so that what it holds it certainly holds when it dies
            held = [id for id, who in p.holders(stage).items() if who == name]
            p.kill(name)
            died = time.monotonic()
            wait_for("them to be taken", lambda: name not in p.holders(stage).values(), 30)
            longest, taken = max(longest, time.monotonic() - died), taken + len(held)
            p.firehose.faults()
            p.rest(60)
            p.revive(name)
        figures, wrong = p.verdict()
        figures = {"deaths": 3 * rounds, "entries_taken": taken, "lease_s": LEASE_S, "longest_s": round(longest, 2),
                   **figures, **ctx.peaks(p)}
        if longest > LEASE_S + 2 * ctx.slack:
            wrong.append(f"it took {longest:.1f} s until the entries of a dead worker were taken, with a lease of {LEASE_S} s")
    return figures, wrong


def sigterm(ctx):
    """SIGTERM under load, one after the other: exit status 0, nothing claimed, no copy."""
    rounds = 1 if ctx.short else 5
    with Rig(ctx.folder, fleet=PAIRS) as p:
        p.firehose.faults(latency_ms=100)
        longest, wrong = 0, []
        for i, name in enumerate(PAIRS * rounds):
            if i % 3 == 0:
                p.feed(40_000)
            gap(0.1)
            p.note_peak(name)
            begun = time.monotonic()
            status = p.worker(name).stop()
            longest = max(longest, time.monotonic() - begun)
            if status != 0:
                wrong.append(f"{name} ended with {status}")
            wrong += [f"{name} stopped with {stage} {id} in its hands" for stage in STAGES.values()
                      for id, who in p.holders(stage).items() if who == name]
            p.revive(name)
        p.firehose.faults()
        p.rest(120)
        figures, other = p.verdict()
        figures = {"stops": len(PAIRS) * rounds, "longest_s": round(longest, 2), **figures, **ctx.peaks(p)}
        if longest > 10:
            wrong.append(f"it took {longest:.1f} s to stop")
        if figures["ambiguous"]:
            wrong.append("an orderly stop made something ambiguous")
    return figures, wrong + other


def aof_cuts(ctx):
    """The append-only file cut at random bytes, two starts on what is left: every commit in it is whole or absent."""
    test_aof_cut.CUTS = 20 if ctx.short else 200
    try:
        test_aof_cut.test_aof_cut_anywhere(ctx.folder)
    except AssertionError as problem:
        return {"cuts": test_aof_cut.CUTS}, [str(problem) or "a commit was torn"]
    return {"cuts": test_aof_cut.CUTS, "broken_commits": 0}, []


def truncate(path):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def empty(path):
    path.write_bytes(b"")


def grow(path):
    with path.open("ab") as file:
        file.write(b"1,t1 and some more text\n" * 1000)


def rewrite(path):
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.write(content.replace(b"some more", b"SOME MORE"))


def replace(path):
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes().replace(b"some more", b"SOME MORE"))
    other.rename(path)


def delete(path):
    path.unlink()


def become_fifo(path):
    path.unlink()
    os.mkfifo(path)


CHANGES = {truncate: "failed", empty: "failed", grow: "failed", rewrite: "failed", replace: "done", delete: "done",
           become_fifo: "done"}


def prefix(p, rows, came):
    """What is wrong with the rows of a file that changed: those that its source counts, and no others, found their end."""
    job = p.job(rows.job)
    source = p.sources()[job["src"]]
    letters = [d for d in p.dead() if d["src"] == job["src"]]
    n = int(source["rows"]) - sum(d["reason"] == "source_changed" for d in letters)
    expected = {rows.id(job["src"], i) for i in rows.delivered() if i - rows.first < n}
    seen = {id for id in came if id.startswith(job["src"])}
    appended = max(0, n - rows.n)  # read before it was seen that the file had changed, and counted
    if expected - seen or len(seen - expected) != appended:
        yield f"{rows.path.name}: {len(expected - seen)} rows lost, {len(seen - expected)} came that nobody counted"
    if int(source["rows"]) != sum(int(source.get(k, 0)) for k in ("delivered", "dead", "filtered")):
        yield f"{rows.path.name}: {source}"


def changing_files(ctx):
    """A splitter waits in the middle of a file while that is cut, grown, written over, replaced or deleted."""
    rounds = 1 if ctx.short else 5
    wrong, ends = [], {}
    with Rig(ctx.folder) as p:
        draw = random.Random(ctx.seed)
        for change, end in list(CHANGES.items()) * rounds:
            p.kill("firehose")
            rows = p.feed(150_000 + draw.randrange(1000))
            wait_for("the splitter to wait", lambda: int(p.job(rows.job).get("offset", 0)) > 0 and
                     p.r.hget("sp:worker:split-1", "state") == "held", 60)
            change(rows.path)
            p.revive("firehose")
            p.rest(120)
            job = p.job(rows.job)
            ends[change.__name__] = job["state"]
            if job["state"] != end:
                wrong.append(f"{change.__name__}: the job is {job}, not {end}")
            rows.path.unlink(missing_ok=True)
        came = [id for id, _ in p.delivered()]
        for rows in p.files:
            wrong += prefix(p, rows, came)
        wrong += [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
        p.note_peaks()
        figures = {"changes": len(CHANGES) * rounds, **ends, **ctx.peaks(p)}
        wrong += [*p.audit(), *p.too_large(), *p.reports()]
    return figures, wrong


ROWS = [("F08", "append-only file cut anywhere, two starts", aof_cuts), ("F33", "files that change while they are read", changing_files),
        ("P7", "SIGTERM under load", sigterm), ("P8", "take-over of a dead worker's entries", take_over)]
