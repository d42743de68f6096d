"""`standpipe window`: what windows say, and the recount of what was delivered."""
import gzip
import json

import pytest

from pipeline import Pipeline
from windows import FIRST, csv, pipeline, recount, sales

WORKERS = ("dispatch", "split-1", "normalise-1", "deliver-1")


@pytest.fixture(scope="module")
def p(tmp_path_factory):
    """3,000 sales, summed up and delivered, some of them twice."""
    with Pipeline(tmp_path_factory.mktemp("window")) as p:
        p.apply(pipeline())
        p.start(*WORKERS)
        p.send(p.write("a.csv", csv(sales(3000))))
        p.rest()
        yield p


@pytest.fixture(scope="module")
def objects(p, tmp_path_factory):
    """The documents as two files, one of them packed."""
    lines = [json.dumps(d, separators=(",", ":")) for d in p.documents()]
    folder = tmp_path_factory.mktemp("objects")
    (folder / "a.ndjson").write_text("\n".join(lines[:1500] + lines[:7]) + "\n")
    (folder / "b.gz").write_bytes(gzip.compress("".join(line + "\n" for line in lines[1500:]).encode()))
    return [folder / "a.ndjson", folder / "b.gz"]


def window(p, *words):
    done = p.command("window", *words)
    return done.returncode, done.stdout, done.stderr


def test_the_windows_are_listed(p):
    assert window(p) == (0, "hourly: of tidy, 3 panes, 0 late records, 0 results went out\n", "")


def test_results_as_json(p):
    status, out, _ = window(p, "hourly", "--all", "--json", "--limit", "0")
    told = [json.loads(line) for line in out.splitlines()]
    counted = recount(p.documents())
    assert status == 0 and len(told) == len(counted) == 18
    assert sum(d["n"] for d in told) == 3000 and {d["window"] for d in told} == {"hourly"}
    row = next(d for d in told if d["country"] == "GB" and d["city"] == "a" and d["start"].startswith("2023-11-15T00"))
    assert row["n"] == counted[FIRST + 3600, '["GB","a"]']["n"]


def test_the_last_one_for_people(p):
    status, out, _ = window(p, "hourly", "--limit", "2")
    lines = out.splitlines()
    assert status == 0 and lines[0] == f"hourly to {FIRST + 3 * 3600}, 6 groups"
    assert lines[1].startswith('  country="FR"  city=') and lines[3] == "  ... and 4 groups more: --limit 0"


def test_a_recount_agrees(p, objects):
    before = p.r.dbsize()
    assert window(p, "hourly", "--recount", *objects) == (0, "3,007 documents, 7 copies left out: 0 differences\n", "")
    assert p.r.dbsize() == before  # nothing of it stays


def test_a_recount_finds_what_differs(p, objects):
    key = f"sp:{{0}}:window:hourly:{FIRST}"
    was = p.r.hget(key, '["GB","a"]')
    p.r.hset(key, '["GB","a"]', was.replace('"n":', '"n":1'))
    p.r.zincrby(key + ':best:["FR","b"]', 1, "agent 3")
    status, out, _ = window(p, "hourly", "--recount", *objects)
    p.r.hset(key, '["GB","a"]', was)
    p.r.zincrby(key + ':best:["FR","b"]', -1, "agent 3")
    assert status == 1 and "2 differences" in out and '["GB","a"]' in out and '["FR","b"] best' in out
    assert window(p, "hourly", "--recount", objects[0])[0] == 1  # half of the documents


def test_what_cannot_be_done_is_said(p, tmp_path):
    (tmp_path / "x.ndjson").write_text('{"at":1}\n')
    for words, said in ((["daily"], "no window 'daily'"), (["hourly", "--recount"], "name the files"), (["hourly", "x"], "files are for --recount"),
                        (["hourly", "--recount", tmp_path / "x.ndjson"], "has no sp_id"),
                        (["hourly", "--recount", tmp_path / "none"], "none")):
        status, out, err = window(p, *words)
        assert status in (1, 2, 65) and said in err, (words, status, err)
