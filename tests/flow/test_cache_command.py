"""`standpipe cache`: what stands in Redis of what look-ups found, and that what is dropped is gone."""
import hashlib
import json
import subprocess
import time

import pytest

from standpipe_run import DEADLINE_S, STANDPIPE

FRESH = int(time.time() * 1000) + 3_600_000
A, B = ("sp:cache:{locate:0123456789abcdef}", "sp:cache:{locate:fedcba9876543210}")
LONG = "k" * 300


def cache(server, *words):
    return subprocess.run([STANDPIPE, "cache", *words, "--redis", f"unix://{server.socket}"], capture_output=True, text=True,
                          timeout=DEADLINE_S)


@pytest.fixture(autouse=True)
def filled(r):
    field = "sha256:" + hashlib.sha256(LONG.encode()).hexdigest()
    r.hset(f"{A}:new", mapping={"york": f'+{FRESH} {{"lat":53.96}}', "hull": f"-{FRESH}", field: f"+{FRESH} {{}}"})
    r.hset(f"{A}:old", mapping={"leeds": '+1000 {"lat":53.8}'})
    r.hset(f"{A}:about", mapping={"bytes": 400, "old_bytes": 90, "turned": 2, "puts": 9, "local": 900, "shared": 60, "waited": 20,
                                  "joined": 10, "stale": 5, "fetched": 5})
    r.hset(f"{B}:about", mapping={"bytes": 77, "fetched": 1})  # what it held has vanished
    r.hset("sp:cache:{other:0}:about", mapping={"fetched": 3})
    r.hset("sp:cache:{other:0}:new", mapping={"x": f"+{FRESH} {{}}"})


def test_a_table_of_all_and_of_a_stage(server):
    done = cache(server)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["STAGE", "CACHE", "NEW", "OLD", "BYTES", "LOCAL", "SHARED", "WAITED", "STALE", "FETCHED", "SAVED"]
    assert [row.split()[:2] for row in rows] == [["locate", A[17:-1]], ["locate", B[17:-1]], ["other", "0"]]
    assert rows[0].split()[2:] == ["3", "1", "490", "B", "900", "60", "30", "5", "5", "99.5%"]
    assert cache(server, "show", "other").stdout.splitlines()[1].split()[0] == "other"


def test_as_json(server):
    rows = [json.loads(line) for line in cache(server, "show", "locate", "--json").stdout.splitlines()]
    assert rows == [
        {"v": 1, "stage": "locate", "fingerprint": "0123456789abcdef", "new": {"entries": 3, "bytes": 400},
         "old": {"entries": 1, "bytes": 90}, "turned": 2, "puts": 9, "local": 900, "shared": 60, "waited": 20, "joined": 10,
         "stale": 5, "fetched": 5},
        {"v": 1, "stage": "locate", "fingerprint": "fedcba9876543210", "new": {"entries": 0, "bytes": 0},
         "old": {"entries": 0, "bytes": 0}, "turned": 0, "puts": 0, "local": 0, "shared": 0, "waited": 0, "joined": 0,
         "stale": 0, "fetched": 1}]


@pytest.mark.parametrize("key, text, found, members", [
    ("york", 'fresh for 5', True, {"lat": 53.96}), ("leeds", "stale since", True, {"lat": 53.8}), ("hull", "there is none", False, None),
    (LONG, "fresh for", True, {})])
def test_one_key(server, key, text, found, members):
    assert text in cache(server, "show", "locate", "--key", key).stdout
    told = json.loads(cache(server, "show", "locate", "--key", key, "--json").stdout)
    assert told["found"] == found and told["members"] == members and told["fingerprint"] == "0123456789abcdef"


def test_a_key_that_is_not_there(server):
    done = cache(server, "show", "locate", "--key", "nobody")
    assert done.returncode == 1 and "does not hold" in done.stderr


def test_drop_takes_one_key_or_all_of_a_stage(server, r):
    done = cache(server, "drop", "locate", "--key", "york", "--yes")
    assert (done.returncode, done.stdout) == (0, "dropped 1\n"), done.stderr
    assert sorted(key[:4] for key in r.hkeys(f"{A}:new")) == ["hull", "sha2"] and r.hget(f"{A}:about", "dropped")
    assert cache(server, "drop", "locate", "--key", LONG, "--yes").stdout == "dropped 1\n"
    done = cache(server, "drop", "locate", "--yes", "--json")
    assert json.loads(done.stdout) == {"v": 1, "dropped": 2}
    assert not r.exists(f"{A}:new", f"{A}:old") and r.hget(f"{B}:about", "dropped")
    assert r.hlen("sp:cache:{other:0}:new") == 1


def test_drop_asks_or_only_says(server, r):
    done = cache(server, "drop", "locate")
    assert done.returncode == 2 and "--yes" in done.stderr
    assert cache(server, "drop", "locate", "--dry-run").stdout == "would drop 4\n"
    assert r.hlen(f"{A}:new") == 3


@pytest.mark.parametrize("words, said", [
    (["drop"], "takes the name of a stage"), (["eat"], "takes show or drop"), (["show", "a", "b"], "at most one"),
    (["show", "a*"], "no name of a stage")])
def test_words_that_make_no_sense(server, words, said):
    done = cache(server, *words)
    assert done.returncode == 2 and said in done.stderr


def test_a_stage_without_a_cache(server):
    done = cache(server, "drop", "nobody", "--yes")
    assert done.returncode == 1 and "has no cache" in done.stderr
    assert cache(server, "show", "nobody", "--json").stdout == ""
