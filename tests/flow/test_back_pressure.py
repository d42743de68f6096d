"""A destination that takes nothing, and a Redis that is full: topics stay within their marks, splitters wait, and
everything arrives when the trouble is over."""
import time

import pytest
from checker import check
from standpipe_run import wait_for

HIGH = 256 * 1024
STEP = 1024 * 1024  # of the file in one commit of a splitter
CALLS = 6 * 1024 * 1024
PIPELINE = f"""\
pipeline: pressure
stages:
  rows: {{split: {{format: csv}}}}
  tidy:
    high: {HIGH}B
    normalise: {{fields: {{n: {{parse: integer}}, text: {{}}}}}}
  ship:
    high: {HIGH}B
    deliver: {{linger: 20ms, firehose: {{stream: out, region: eu-west-1}}}}
routes:
  - {{from: inbox, to: rows}}
  - {{from: rows, to: tidy}}
  - {{from: tidy, to: ship}}
"""
WORKERS = ("dispatch", "split-1", "split-2", "normalise-1", "deliver-1")


def numbered(p, megabytes, name="rows.csv"):
    rows = megabytes * 1024 * 1024 // 100
    return p.write(name, "n,text\n" + "".join(f"{i},{'x' * 90}\n" for i in range(rows))), rows


def state(p, name):
    return p.r.hget(f"sp:worker:{name}", "state")


def stalls(p):
    """The splitters are held and no job moves; how much waited at most meanwhile."""
    most, before, since = {}, None, time.monotonic()
    while time.monotonic() - since < 1.5:
        books = p.books()
        for stage in ("tidy", "ship"):
            most[stage] = max(most.get(stage, 0), books.get(f"{stage}:bytes", 0))
        now = [p.job(id).get("offset") for id in p.jobs]
        if now != before or not all(state(p, name) == "held" for name in ("split-1", "split-2")):
            before, since = now, time.monotonic()
        time.sleep(0.02)
    return most


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["stopped", "killed", "slow"])
def test_a_destination_that_takes_nothing(pipeline, trouble):
    p = pipeline
    p.apply(PIPELINE)
    files = [numbered(p, 8, f"{name}.csv") for name in "ab"]
    {"stopped": p.firehose.stop, "killed": p.firehose.kill, "slow": lambda: p.firehose.faults(latency_ms=50_000)}[trouble]()
    p.start(*WORKERS)
    for path, _ in files:
        p.send(path)
    wait_for("the splitters to wait", lambda: state(p, "split-1") == state(p, "split-2") == "held")
    most = stalls(p)
    # One commit more of each feeder than the mark; the deliverer's hands are in its topic too.
    assert HIGH < most["tidy"] <= HIGH + 2 * 2 * STEP
    assert HIGH < most["ship"] <= HIGH + CALLS
    assert p.documents() == [] or trouble == "slow"
    p.firehose.kill() if trouble == "slow" else None
    p.firehose.start()
    p.rest()
    assert p.books()["ship:out"] == sum(rows for _, rows in files)
    assert p.dead() == []
    check(p)


def test_a_full_redis_drains(pipeline):
    """maxmemory just above what it holds: every MULTI that adds is refused; what is inside goes on."""
    p = pipeline
    p.apply(PIPELINE)
    p.start("dispatch", "split-1", "normalise-1")
    path, rows = numbered(p, 4)
    p.send(path)
    wait_for("the splitter to wait", lambda: state(p, "split-1") == "held")
    p.r.config_set("maxmemory", p.r.info("memory")["used_memory"] - 100_000)
    p.start("deliver-1")
    p.rest(30)
    assert p.said("meaning=oom")
    assert p.books()["ship:out"] == rows
    p.r.config_set("maxmemory", 0)
    check(p)
