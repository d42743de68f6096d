"""Replays: the same records again, with the same ids and under a name, and counted only when asked."""
import json

import pytest
from pipeline import Pipeline
from standpipe_run import wait_for

TEXT = """\
pipeline: again
stages:
  rows: {split: {format: csv}}
  tidy: {normalise: {fields: {id: {from: [id], required: true}, kind: {from: [kind]}}}}
  ship: {deliver: {linger: 20ms, firehose: {stream: out, region: eu-west-1}}}
routes:
  - {from: inbox, to: rows}
  - {from: rows, to: tidy}
  - {from: tidy, to: ship}
counts:
  once: {on: ship, key: kind}
  always: {on: ship, key: kind, replays: true}
"""
ROWS = 40
GOOD = ROWS - 4  # every tenth has no id


@pytest.fixture
def p(tmp_path):
    with Pipeline(tmp_path) as p:
        p.apply(TEXT)
        p.start()
        yield p


@pytest.fixture
def file(p):
    return p.write("a.csv", "id,kind\n" + "".join(f"{'' if i % 10 == 9 else i},k\n" for i in range(ROWS)))


def counted(p):
    return {name: p.counts(name).get("total", {}).get("k", 0) for name in ("once", "always")}


def ids(p):
    return [d["sp_id"] for d in p.documents()]


def send(p, file, *options):
    done = p.command("send", file, "--wait", *options)
    assert done.returncode == 0, done.stderr
    return p.rest()


def test_a_replayed_file_brings_the_same_ids_and_counts_only_when_asked(p, file):
    send(p, file)
    first = ids(p)
    assert counted(p) == {"once": GOOD, "always": GOOD} and len(set(first)) == GOOD
    send(p, file, "--run", "again")
    assert counted(p) == {"once": GOOD, "always": 2 * GOOD}
    send(p, file, "--run", "+anew")
    assert counted(p) == {"once": 2 * GOOD, "always": 3 * GOOD}
    assert sorted(ids(p)) == sorted(3 * first)
    books = p.books()
    assert books["ship:out"] == 3 * GOOD and books["tidy:dead"] == 12 and books["rows:out"] == 3 * ROWS


def test_the_run_travels_to_the_end_and_into_the_letters(p, file):
    p.worker("deliver-1").stop()
    p.command("send", file, "--run", "r1")
    [entry] = wait_for("the entry", lambda: [fields for _, fields in p.r.xrange(p.topic("ship"))])
    assert entry["run"] == "r1" and int(entry["n"]) == GOOD
    assert [letter["run"] for letter in p.dead()] == 4 * ["r1"]
    p.put(data=json.dumps({"id": "h", "kind": "k"}), to="ship", run="r2")
    wait_for("two entries", lambda: [f["run"] for _, f in p.r.xrange(p.topic("ship"))] == ["r1", "r2"])
    p.worker("deliver-1").start()
    p.rest()
    assert counted(p) == {"once": 0, "always": GOOD + 1}
