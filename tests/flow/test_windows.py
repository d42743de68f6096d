"""Sums by key and hour: the same as a recount of what was delivered, whatever happens on the way."""
import decimal
import json
import pathlib
import random
import re
import subprocess

import pytest

from pipeline import Pipeline, Worker, uri_of
from redis_proxy import Proxy
from standpipe_run import wait_for
from windows import FIRST, HOUR, csv, in_redis, pipeline, recount, sales, window_key

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs/windows.md"
WORKERS = ("split-1", "normalise-1", "normalise-2", "deliver-1")


@pytest.fixture
def p(tmp_path):
    with Pipeline(tmp_path, lease="2s") as p:
        yield p


def once_each(documents):
    return list({d["sp_id"]: d for d in documents}.values())


def test_rows_equal_a_recount(p):
    p.apply(pipeline())
    p.start("dispatch", *WORKERS)
    rows = sales(4000)
    for i in range(4):
        p.send(p.write(f"{i}.csv", csv(rows[i * 1000:][:1000])))
    p.rest()
    assert in_redis(p.r) == recount(p.documents())
    assert p.r.hget("sp:{0}:window:hourly", "newest") == str(max(r["at"] for r in rows) * 1000)


def test_exact_through_kills_and_replays(p):
    p.apply(pipeline())
    p.start("dispatch", *WORKERS)
    rows = sales(8000)
    for i in range(8):
        random.Random(i).shuffle(rows)
        before = p.books().get("tidy:out", 0)
        p.send(p.write(f"{i}.csv", csv(rows[i * 1000:][:1000])))
        wait_for("some of it", lambda before=before: p.books().get("tidy:out", 0) > before)
        p.worker(f"normalise-{1 + i % 2}").restart()
    p.rest()
    assert in_redis(p.r) == recount(once_each(p.documents()))
    p.r.xadd("sp:inbox", {"uri": uri_of(p.inputs / "3.csv"), "run": "again"})
    wait_for("it again", lambda: p.books()["tidy:out"] == 9000)
    p.rest()
    assert in_redis(p.r) == recount(once_each(p.documents()))


def test_late_records_are_counted_and_routed(p):
    p.apply(pipeline("late: odd"))
    p.start(*WORKERS, "dispatch")
    p.r.hset("sp:{0}:window:hourly", "closed", (FIRST + HOUR) * 1000)
    rows = sales(3000)
    p.send(p.write("a.csv", csv(rows)))
    p.rest()
    late = [d for d in p.documents() if int(d["at"]) < FIRST + HOUR]
    assert len(p.documents()) == 3000 and len(late) > 500
    assert p.r.hget("sp:{0}:window:hourly", "late") == str(len(late))
    assert in_redis(p.r) == recount([d for d in p.documents() if int(d["at"]) >= FIRST + HOUR])
    copies = p.documents("side")
    assert {c.pop("sp_late") for c in copies} == {"hourly"}
    assert sorted(copies, key=lambda d: d["sp_id"]) == sorted(late, key=lambda d: d["sp_id"])


def test_two_commits_on_their_way_learn_that_a_pane_is_closed(p):
    """Both were built before, and the first refusal tells the second nothing that is new."""
    p.apply(pipeline())
    p.start("dispatch", "split-1", "deliver-1")
    rows = sales(400)
    for i in range(40):
        p.send(p.write(f"{i}.csv", csv(rows[i * 10:][:10])))
    wait_for("all of it to wait", lambda: p.books().get("tidy:records", 0) == 400)
    p.r.hset("sp:{0}:window:hourly", "closed", (FIRST + HOUR) * 1000)
    with Proxy(p.folder, p.redis) as slow:
        slow.latency_s = 0.02
        slowed = p.workers["normalise-1"] = Worker(p, "normalise-1")
        slowed.address = p.folder / "proxy.sock"
        slowed.start()
        p.rest(20)
    assert p.r.hget("sp:{0}:window:hourly", "late") == str(sum(r["at"] < FIRST + HOUR for r in rows))


def test_reduced_records_end_in_the_window(p):
    p.apply(pipeline("to: odd\nreduce: true"))
    p.start(*WORKERS, "dispatch")
    p.send(p.write("a.csv", csv(sales(500))))
    p.rest()
    assert p.documents() == [] and p.books()["tidy:filtered"] == 500
    (source,) = p.sources().values()
    assert source["filtered:reduced"] == "500"
    assert sum(row["n"] for row in in_redis(p.r).values()) == 500


def test_too_many_groups_are_the_other_one(p):
    p.apply(pipeline("max_keys: 2"))
    p.start(*WORKERS, "dispatch")
    p.send(p.write("a.csv", csv(sales(900, hours=1))))
    p.rest()
    rows = in_redis(p.r)
    assert len(rows) == 3 and (FIRST, "~other") in rows
    assert sum(row["n"] for row in rows.values()) == 900


def test_read_with_redis_cli_alone(p):
    p.apply(pipeline())
    p.start(*WORKERS, "dispatch")
    p.send(p.write("a.csv", csv([{"at": FIRST, "country": "GB", "city": "York", "agent": "ann", "price": "1.5"}])))
    p.rest()
    (document,) = p.documents()
    assert p.r.hget(window_key(FIRST), '["GB","York"]') == (
        '{"n":1,"total":1.50,"low":1.5,"high":1.5,"mean":[1.50,1],"newest":[%d,"%s","ann"]}' % (FIRST * 1000, document["sp_id"]))


def test_the_one_liners_of_the_docs(p):
    """They are run as they stand there."""
    p.apply(pipeline())
    p.start("dispatch", *WORKERS)
    p.send(p.write("a.csv", csv([{"at": FIRST, "country": "GB", "city": "York", "agent": a, "price": "1.5"} for a in ("ann", "bob", "ann")])))
    p.rest()
    lines = re.findall(r"^    redis-cli (.*?)(?: +#.*)?$", DOCS.read_text(), re.M)
    told = [subprocess.run(["bash", "-c", f"redis-cli -s {p.redis.socket} {line}"], capture_output=True, text=True, check=True).stdout for line in lines]
    assert len(told) == 5 and told[0].split() == [str(FIRST)]
    assert told[1].startswith('["GB","York"]\n{"n":3,"total":4.50,') and told[2].startswith('{"n":3,')
    assert told[3:] == ["2\n", "ann\n2\nbob\n1\n"]


def results_and_totals(p, documents):
    """What went out as results, by start and group, and what a recount says."""
    out = p.documents("side")
    assert len({d["sp_id"] for d in out}) == len(out)
    got = {(d["start"][11:13], json.dumps([d["country"], d["city"]], separators=(",", ":"))): (d["n"], d["total"], d["agents"]) for d in out}
    want = {(f"{start // HOUR % 24:02}", group): (row["n"], row["total"], row["agents"]) for (start, group), row in recount(documents).items()}
    return got, want


def test_results_go_out_once_whoever_closes(p):
    """Two dispatchers, which are killed while they close; another normaliser than the one that filled the panes."""
    p.apply(pipeline("to: odd\nidle: 1s", lateness="10m"))
    p.start("dispatch-1", "dispatch-2", *WORKERS)
    rows = sales(6000)
    rows.sort(key=lambda r: r["at"])
    for i in range(6):
        p.send(p.write(f"{i}.csv", csv(rows[i * 1000:][:1000])))
        p.rest()
        p.worker(f"dispatch-{1 + i % 2}").restart()
        p.worker("normalise-1").restart()
    last = 3 * len({(r["country"], r["city"]) for r in rows})
    wait_for("all of them", lambda: p.books().get("odd:out", 0) >= last)
    p.rest()
    got, want = results_and_totals(p, p.documents())
    assert {k: (n, agents) for k, (n, _, agents) in got.items()} == {k: (n, agents) for k, (n, _, agents) in want.items()}
    assert all(abs(decimal.Decimal(str(got[k][1])) - want[k][1]) < decimal.Decimal("0.001") for k in want)
    done = p.command("audit")
    assert done.returncode == 0, done.stdout


def test_reduced_rows_go_on_as_results_alone(p):
    p.apply(pipeline("to: odd\nreduce: true\nidle: 1s"))
    p.start("dispatch", *WORKERS)
    rows = sales(2000)
    p.send(p.write("a.csv", csv(rows)))
    wait_for("the last hour", lambda: p.books().get("odd:out", 0) >= 18)
    p.rest()
    assert p.documents() == []
    assert sum(d["n"] for d in p.documents("side")) == 2000 and len(p.documents("side")) == 18
    done = p.command("audit")
    assert done.returncode == 0, done.stdout
