"""F20 to F25 and F10: a destination that fails in every way, or is not there at all, and a Redis that is full."""
import time

from kills import feed, schedule
from proxy import HttpProxy
from rig import Rig, gap
from standpipe_run import wait_for

TOPICS_MIB = 48  # two topics with a mark of 2 MiB each, that of the files, and what Redis needs for itself


def failing(faults, may_copy):
    """All rows through a destination with these faults. Copies come only from answers that left it open."""
    def body(ctx):
        with Rig(ctx.folder) as p:
            p.firehose.faults(seed=ctx.seed, **faults)
            for _ in range(3):
                p.feed(20_000 if ctx.short else 100_000)
            p.rest(240)
            figures, wrong = p.verdict(noted=False)
        if figures["copies"] > (figures["ambiguous"] if may_copy else 0):
            wrong.append(f"{figures['copies']} copies, {figures['ambiguous']} ambiguous")
        return {**figures, **ctx.peaks(p)}, wrong
    return body


def outage(ctx):
    """It answers 503 for a while, however long: nothing is thrown away, and it is not hammered."""
    seconds = 4 if ctx.short else 20
    with Rig(ctx.folder) as p:
        calls, proxy = 0, HttpProxy(p.firehose.url)

        def count(_):
            nonlocal calls
            calls += 1

        proxy.choose = count
        p.through(proxy.url, "deliver-1", "deliver-2")
        p.firehose.faults(call_503=1)
        p.feed(100_000)
        gap(seconds)
        during = calls
        p.firehose.faults()
        well = time.monotonic()
        wait_for("delivery to begin", lambda: p.books().get("ship:out", 0) > 0, 30)
        after = time.monotonic() - well
        p.rest(120)
        figures, wrong = p.verdict(noted=False)
        figures = {"outage_s": seconds, "calls_during_it": during, "delivered_after_s": round(after, 1), **figures,
                   **ctx.peaks(p)}
        if not 0 < during <= 12 * seconds:  # six a second for each of two deliverers
            wrong.append(f"{during} calls in {seconds} s to a destination that refused all of them")
        if after > 11:  # the longest wait is 10 s
            wrong.append(f"it took {after:.1f} s to find that the destination is well")
        proxy.close()
    return figures, wrong


def sink_kills(ctx):
    """kill -9 of the destination under load: what it had taken may come again, and is called ambiguous."""
    kills, rows = (10, 60_000) if ctx.short else (100, 400_000)
    with Rig(ctx.folder) as p:
        p.firehose.faults(latency_ms=20)
        for i, (delay, name, pause) in enumerate(schedule(ctx.folder, ctx.seed, kills, ("firehose",), (0, 0.1), (0.1, 0.3))):
            feed(p, rows, i / kills)
            gap(delay)
            p.kill(name)
            gap(pause)
            p.revive(name)
            p.firehose.faults(latency_ms=20)
        feed(p, rows, 1)
        p.firehose.faults()
        p.rest(120)
        figures, wrong = p.verdict(noted=False)
        if figures["copies"] > figures["ambiguous"]:
            wrong.append(f"{figures['copies']} copies, {figures['ambiguous']} ambiguous")
    return {"sink_kills": kills, **figures, **ctx.peaks(p)}, wrong


def stopped_sink(ctx):
    """No destination, and more input than all topics hold: the splitter waits, Redis stays small, all of it comes later."""
    rows, seconds = (200_000, 3) if ctx.short else (1_000_000, 30)
    with Rig(ctx.folder) as p:
        p.kill("firehose")
        p.feed(rows // 2)
        p.feed(rows - rows // 2)
        wait_for("the splitter to wait", lambda: p.r.hget("sp:worker:split-1", "state") == "held", 60)
        came, most = p.books().get("ship:out", 0), 0
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            most = max(most, p.r.info("memory")["used_memory"])
            gap(0.05)
        books = p.books()
        waiting = sum(v for k, v in books.items() if k in ("tidy:bytes", "ship:bytes"))
        read = sum(int(s.get("rows", 0)) for s in p.sources().values())
        p.revive("firehose")
        p.rest(240)
        figures, wrong = p.verdict(noted=False)
        figures = {"stopped_s": seconds, "rows_read_meanwhile": read, "topics_MiB": round(waiting / 2**20, 1),
                   "redis_used_MiB": round(most / 2**20, 1), **figures, **ctx.peaks(p)}
        if read >= rows or came:
            wrong.append("all was read, or something was delivered: nothing was held back")
        if most > TOPICS_MIB << 20:
            wrong.append(f"Redis used {most >> 20} MiB, the bound is {TOPICS_MIB}")
    return figures, wrong


def full_redis(ctx):
    """maxmemory below what is used: no new work, the interior drains; room again: work goes on at once."""
    times = 2 if ctx.short else 20
    with Rig(ctx.folder) as p:
        p.firehose.faults(latency_ms=20)
        waits = []
        for _ in range(times):
            rows = p.feed(250_000)
            before = p.books().get("ship:out", 0)
            wait_for("work", lambda: p.books().get("ship:out", 0) > before, 30)
            p.r.config_set("maxmemory", 1)
            wait_for("the interior to drain", lambda: not p.r.xlen(p.topic("tidy")) and not p.r.xlen(p.topic("ship")), 60)
            is_through = p.job(rows.job).get("state") == "done"
            at, begun = p.books(), time.monotonic()
            p.r.config_set("maxmemory", 0)
            if not is_through:
                wait_for("work to go on", lambda: p.books() != at, 30)
                waits.append(time.monotonic() - begun)
            p.rest(60)
        figures, wrong = p.verdict(noted=False)
        figures = {"times_full": times, "drained": times, "work_after_s": round(max(waits, default=0), 2), **figures,
                   **ctx.peaks(p)}
        if max(waits, default=0) > 2 * ctx.slack:
            wrong.append(f"work went on {max(waits):.1f} s after there was room")
        wrong += [f"{name} ended by itself" for name, w in p.workers.items() if not w.is_alive()]
    return figures, wrong


ROWS = [
    ("F10a", "back-pressure: no destination", stopped_sink),
    ("F10b", "maxmemory below what is used", full_redis),
    ("F20", "503 to every call for a while", outage),
    ("F21", "throttled by a quota", failing({"quota_bytes_per_s": 4_000_000}, False)),
    ("F22", "a fifth of the records refused for now", failing({"record_fail": 0.2}, False)),
    ("F24a", "connection lost before the body was read", failing({"drop_before": 0.2}, False)),
    ("F24b", "taken, and the connection lost", failing({"drop_after_write": 0.2}, True)),
    ("F24c", "taken, and 500 is the answer", failing({"call_500_after_write": 0.2}, True)),
    ("F24d", "answers too short, and in slices", failing({"short_reply": 0.2, "slice_reply": 1}, True)),
    ("F25", "kill -9 of the destination", sink_kills),
]
