"""Entries that another hand took out of a topic are told by number, in the log of the dispatcher and by audit; what the
pipeline itself takes out never is."""
import json
import re
import urllib.request

import pytest
from library import Commit
from pipeline import Pipeline
from standpipe_run import wait_for

TEXT = """\
pipeline: watched
stages:
  rows: {split: {format: csv, empty: keep}}
  tidy: {keep: 1h, normalise: {fields: {id: {from: id, required: true}}}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
"""
ALARM_S = 10
TIDY, SHIP, DEAD, INBOX, BOOKS = "sp:{0}:tidy", "sp:{0}:ship", "sp:{0}:dead", "sp:inbox", "sp:{0}:books"


@pytest.fixture
def p(tmp_path):
    with Pipeline(tmp_path) as p:
        p.apply(TEXT)
        yield p


def vanished(p):
    return {d["where"]: int(re.match(r"-?\d+", d["text"])[0])
            for d in json.loads(p.command("audit", "--json").stdout)["differences"] if d["what"] == "vanished"}


def gauge(p, stage):
    with urllib.request.urlopen(f"http://{p.r.hget('sp:worker:dispatch', 'http')}/metrics", timeout=10) as answer:
        found = re.search(r'standpipe_vanished_entries\{stage="' + stage + r'"\} (\S+)', answer.read().decode())
    return float(found[1]) if found else None


def is_watched(p, *stages):
    books = p.books()
    return all(f"{stage}:base" in books for stage in stages)


def is_done(p):
    books = p.books()
    return not any(books.get(f"{stage}:records", 0) for stage in p.stages()) and p.r.xlen(INBOX) == 0 and not p.pending()


def alarmed(p, stage, n):
    wait_for(f"{n} to be missed in {stage}",
             lambda: re.search(rf"vanished.* topic={stage} entries={n} ", p.worker("dispatch").log.read_text()),
             ALARM_S)
    assert gauge(p, stage) == n
    assert vanished(p)[stage] == n


def test_what_the_pipeline_takes_out_is_no_alarm(p):
    """Delivered, kept and trimmed, dead, redriven, dropped, replayed, put in by hand, undone, refused by a full Redis."""
    p.start()
    p.send(p.write("a.csv", "id,x\n" + "".join(f"{i if i % 3 else ''},\n" for i in range(3000))))
    p.put(to="tidy", data='{"id":"1"}\n{"id":')
    p.r.xadd(TIDY, {"data": '{"id":"2"}'})
    p.put(data="{}", to="nowhere")
    wait_for("all to be done", lambda: is_done(p) and p.books().get("tidy:in", 0) > 3000)
    for words in (["dead", "redrive", "--limit", "300", "--yes"], ["dead", "drop", "--limit", "100", "--yes"],
                  ["replay", "--topic", "tidy", "--run", "again"]):
        assert p.command(*words).returncode == 0
    wait_for("all to be done again", lambda: is_done(p))
    p.apply(TEXT.replace("keep: 1h", "keep: 1s"))
    wait_for("the kept entries to go", lambda: p.r.xlen(TIDY) == 0)
    p.worker("normalise-1").stop()
    id = p.r.xadd(TIDY, {"data": "{}"})
    p.r.xreadgroup("sp", "zombie", {TIDY: ">"})
    p.r.xclaim(TIDY, "sp", "successor", 0, [id])
    commit = Commit(TIDY, [id], "zombie", {SHIP: [{"data": "{}"}] * 100, DEAD: [{"data": "{}"}]}, {BOOKS: {"tidy:out": 1}})
    undone = p.books().get("ship:removed")
    assert "FENCED" in str(commit.settle(p.r))
    assert p.books()["ship:removed"] == undone + 100
    assert "FENCED" in str(commit.settle_oom(p.r))
    p.r.xclaim(TIDY, "sp", "~released", 0, [id])
    p.worker("normalise-1").start()
    wait_for("the last one", lambda: is_done(p))
    wait_for("a look", lambda: gauge(p, "tidy") == 0)
    books = p.books()
    assert min(books[f"{stage}:removed"] for stage in ("rows", "tidy", "ship", "dead", "inbox")) > 0
    assert vanished(p) == {}
    assert "vanished" not in p.worker("dispatch").log.read_text()


def test_what_another_hand_takes_out_is_told(p):
    p.start("dispatch", "split-1")
    p.send(p.write("a.csv", "id,x\n" + "".join(f"{i},{'x' * 200}\n" for i in range(20_000))))
    wait_for("the rows to wait", lambda: p.books().get("rows:out") == 20_000 and is_watched(p, "tidy", "ship", "dead", "inbox"))
    p.r.xtrim(TIDY, maxlen=p.r.xlen(TIDY) - 3, approximate=False)
    alarmed(p, "tidy", 3)
    p.r.xdel(TIDY, p.r.xrange(TIDY, count=1)[0][0])
    alarmed(p, "tidy", 4)
    for _ in range(7):
        p.r.xadd(SHIP, {"data": "{}"})
    p.r.xadd(SHIP, {"data": "{}"}, maxlen=2, approximate=False)
    alarmed(p, "ship", 6)
    for _ in range(5):
        p.r.execute_command("XADD", INBOX, "MAXLEN", 0, "*", "junk", "x")
    alarmed(p, "inbox", 5)
    left = p.r.xlen(TIDY)
    wait_for("a look", lambda: p.books()["tidy:added"] == left + 4)
    p.r.delete(TIDY)
    p.r.xgroup_create(TIDY, "sp", "0", mkstream=True)
    alarmed(p, "tidy", left + 4)
    assert set(vanished(p)) == {"tidy", "ship", "inbox"}
    for stage in ("tidy", "ship", "inbox"):
        p.r.hdel(BOOKS, f"{stage}:base")
    wait_for("another beginning", lambda: is_watched(p, "tidy", "ship", "inbox") and gauge(p, "tidy") == 0)
    assert vanished(p) == {}
    p.r.execute_command("XADD", TIDY, "MAXLEN", 0, "*", "data", "{}")
    alarmed(p, "tidy", 1)


def test_counting_begins_with_the_functions_that_count(p):
    """A topic on which older functions worked: what they took out is not held against anybody."""
    p.start()
    p.send(p.write("a.csv", "id,x\n" + "".join(f"{i if i % 2 else ''},\n" for i in range(1000))))
    wait_for("all to be done", lambda: is_done(p) and p.books().get("ship:out") == 500)
    p.worker("dispatch").stop()
    for field in [f for f in p.books() if f.endswith((":removed", ":base", ":added"))]:
        p.r.hdel(BOOKS, field)
    assert vanished(p) == {}
    p.worker("dispatch").start()
    p.send(p.write("b.csv", "id,x\n1,\n,\n"))
    wait_for("all to be done", lambda: is_done(p) and p.books().get("ship:out") == 501)
    wait_for("a look", lambda: gauge(p, "ship") == 0)
    assert vanished(p) == {}
    p.r.xtrim(DEAD, maxlen=1, approximate=False)
    alarmed(p, "dead", 500)
