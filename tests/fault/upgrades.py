"""F37, F38, F39: what an operator does to a pipeline at work: new programs and libraries, new pipeline files, more workers
and fewer."""
import itertools
import time

from numbered import PIPELINE
from rig import Rig, gap
from standpipe_run import STANDPIPE, wait_for

SPARE = tuple(f"normalise-{i}" for i in range(2, 7))
ALONE = ("dispatch", "split-1", "normalise-1", "deliver-1")
LINE = b"-- sp1_settle: the last command of a commit"


def older_program(folder):
    """A build that differs from ours, also in the library that it carries."""
    program = STANDPIPE.read_bytes()
    assert program.count(LINE) == 1
    older = folder / "standpipe"
    older.write_bytes(program.replace(LINE, LINE.replace(b"last", b"LAST")))
    older.chmod(0o755)
    return older


def end(p, ctx, figures, wrong):
    p.firehose.faults()
    p.rest(120)
    figures_of_rows, accounts = p.verdict()
    wrong += accounts + [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
    return {**figures, **figures_of_rows, **ctx.peaks(p)}, wrong


def library_code(r):
    (found,) = r.function_list("standpipe_1", withcode=True)
    return found[found.index("library_code") + 1]


def libraries(ctx):
    """Another version beside ours; ours loaded again and again, also with another text, as another build carries it."""
    loads = 20 if ctx.short else 1000
    with Rig(ctx.folder) as p:
        ours = library_code(p.r)
        beside = ours.replace("standpipe_1", "standpipe_0").replace("sp1_", "sp0_")
        texts = itertools.cycle([beside, ours, ours + "\n-- of another build\n"])
        p.firehose.faults(latency_ms=20)
        for i, text in zip(range(loads), texts):
            if i % 20 == 0:
                p.feed(30_000)
            p.r.function_load(text, replace=True)
            gap(0.05)
        p.r.function_load(ours + "\n-- of another build\n", replace=True)
        p.feed(30_000)
        before = p.books().get("tidy:out", 0)
        for name in ("split-1", "normalise-1", "normalise-2"):  # it has to do for whoever starts now, too
            p.kill(name)
            p.revive(name)
        begun = time.monotonic()
        wait_for("work to go on", lambda: p.books().get("tidy:out", 0) > before, 20)
        took = time.monotonic() - begun
        wrong = [f"with another library work went on after {took:.1f} s"] if took > 2 * ctx.slack else []
        return end(p, ctx, {"loads": loads + 1, "work_after_s": round(took, 2)}, wrong)


def rolling(ctx):
    """An older build in every place, then one after the other is stopped and ours takes its place; and back."""
    rounds = 1 if ctx.short else 10
    (ctx.folder / "older").mkdir()
    older = older_program(ctx.folder / "older")
    with Rig(ctx.folder / "rig") as p:
        p.firehose.faults(latency_ms=20)
        wrong, longest = [], 0.0
        for program in (older, STANDPIPE) * rounds:
            for name in p.fleet:
                p.feed(5_000)
                worker = p.worker(name)
                p.note_peak(name)
                if status := worker.stop():
                    wrong.append(f"{name} ended with {status}")
                worker.program = program
                before, begun = p.books(), time.monotonic()
                worker.start()
                wait_for("work to go on", lambda: p.books() != before or p.is_at_rest(), 30)
                longest = max(longest, time.monotonic() - begun)
        if longest > 2 * ctx.slack:
            wrong.append(f"work stood still for {longest:.1f} s")
        return end(p, ctx, {"replaced": 2 * rounds * len(p.fleet), "work_after_s": round(longest, 2)}, wrong)


def reloads(ctx):
    """A new pipeline file every 100 ms, every third of them broken: that one is refused, and the last good one stays."""
    times = 20 if ctx.short else 1000
    with Rig(ctx.folder) as p:
        p.firehose.faults(latency_ms=10)
        version, wrong = 1, []
        for i in range(times):
            if i % 10 == 0:
                p.feed(30_000)
            good = PIPELINE.format(call=f"{32 + i % 5 * 8}KiB")
            text = good.replace("to: ship", "to: nowhere") if i % 3 == 2 else good
            (p.folder / "next.yaml").write_text(text)
            done = p.command("apply", p.folder / "next.yaml")
            version += done.returncode == 0
            if (done.returncode == 0) != (text is good) or (text is not good and "nowhere" not in done.stderr):
                wrong.append(f"apply {i} ended with {done.returncode}: {done.stderr[-300:]}")
            gap(0.1)
        figures, wrong = end(p, ctx, {"applied": version - 1, "refused": times - version + 1}, wrong)
        in_force = p.r.get("sp:pipeline")
        if f'"version":{version},' not in in_force:
            wrong.append(f"not version {version} is in force: {in_force[:80]}")
        return figures, wrong


def leaks(p, names):
    """Consumers of the normalisers' topic that hold something or belong to nobody who lives."""
    for c in p.r.xinfo_consumers(p.topic("tidy"), "sp"):
        name = c["name"].partition(":")[0]
        if name not in names and (c["pending"] or not name.startswith("~")):
            yield f"consumer {c['name']} is left and holds {c['pending']} entries"


def scaling(ctx):
    """One normaliser, six, one again, by SIGTERM under load."""
    rounds = 1 if ctx.short else 20
    with Rig(ctx.folder, fleet=ALONE) as p:
        p.firehose.faults(latency_ms=5)
        longest, wrong = 0.0, []
        for done in range(rounds):
            p.feed(60_000)
            p.start(*SPARE)
            before = p.books().get("tidy:out", 0)
            wait_for("them to work", lambda: p.books().get("tidy:out", 0) > before + 5000 or p.is_at_rest())
            wait_for("all of them to have started", lambda: all(
                p.worker(name).log.read_text(errors="replace").count("event=started") > done for name in SPARE))
            for name in SPARE:
                begun = time.monotonic()
                p.note_peak(name)
                if status := p.worker(name).stop():
                    wrong.append(f"{name} ended with {status}")
                longest = max(longest, time.monotonic() - begun)
                wrong += [f"{name} stopped with {id} in its hands" for id, who in p.holders("tidy").items() if who == name]
                del p.workers[name]
        if longest > 10:
            wrong.append(f"it took {longest:.1f} s to stop")
        figures, wrong = end(p, ctx, {"stops": rounds * len(SPARE), "longest_s": round(longest, 2)}, wrong)
        wait_for("the consumers to go", lambda: not list(leaks(p, ALONE)), 10)
        return figures, wrong


def handed_on(ctx):
    """SIGTERM to the splitter in the middle of a long file: the other one goes on with it, at once."""
    rounds = 2 if ctx.short else 30
    with Rig(ctx.folder, fleet=(*ALONE, "split-2")) as p:
        longest, wrong = 0.0, []
        for _ in range(rounds):
            rows = p.feed(150_000)
            wait_for("the file to be read", lambda: int(p.job(rows.job).get("offset", 0)) > 0)
            name = next(iter(p.holders("rows").values()), None)
            if not name:
                continue
            begun = time.monotonic()
            if status := p.worker(name).stop():
                wrong.append(f"{name} ended with {status}")
            offset = p.job(rows.job).get("offset")
            if p.job(rows.job).get("state") != "done":
                wait_for("the other to go on", lambda: p.job(rows.job).get("offset") != offset, 20)
                longest = max(longest, time.monotonic() - begun)
            p.revive(name)
        if not longest:
            wrong.append("no splitter was stopped in the middle of a file")
        if longest > 3 * ctx.slack:
            wrong.append(f"it took {longest:.1f} s until the other splitter went on")
        return end(p, ctx, {"stops": rounds, "longest_s": round(longest, 2)}, wrong)


ROWS = [("F37", "libraries loaded under load", libraries), ("F37b", "builds mixed and replaced one by one", rolling),
        ("F38", "apply under load, broken files between", reloads), ("F39", "1 to 6 to 1 normalisers by SIGTERM", scaling),
        ("F39b", "SIGTERM in the middle of a long file", handed_on)]
