"""A commit is whole or absent: the AOF is cut at random bytes, a server is started on what is left, and every entry
is either still there, without output and counts, or gone with exactly its own. What is done after that start is there
after the next ones too."""
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile

import pytest

from library import Commit, load_library, moves
from redis_server import REDIS_START, RedisServer

IN, OUT, DEAD, BOOKS, COUNT, JOB = "sp:{0}:a", "sp:{0}:b", "sp:{0}:dead", "sp:{0}:books", "sp:{0}:count:x:1", "sp:{0}:job:1"
SETTINGS = {"appendonly": "yes", "aof-load-truncated": "no", "auto-aof-rewrite-percentage": "0"}
ROUNDS, CUTS = 60, 25


@pytest.fixture
def folder():
    """In memory when that is possible: every commit is an fsync, every cut a copy."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None) as folder:
        yield pathlib.Path(folder)


def log_of(folder):
    return next((folder / "appendonlydir").glob("*.incr.aof"))


def admit(r, numbers):
    with r.pipeline(transaction=True) as p:
        for n in numbers:
            p.xadd(IN, {"data": f"{n}"})
        m = len(numbers)
        p.fcall("sp1_admit", 4, IN, BOOKS, f"sp:{{0}}:seen:{numbers[0]}", "sp:{0}:source:1", m, 10**7, 0,
                *moves({"a:bytes": m, "a:records": m}), *moves({"rows": m}), *moves({"uri": "x"}), 0)
        return p.execute()


def commit(entries, me, job=None, bad=()):
    """Two entries handed on for each that is good, one dead letter for each that is bad."""
    good = [fields["data"] for _, fields in entries if fields["data"] not in bad]
    dead = [fields["data"] for _, fields in entries if fields["data"] in bad]
    n = len(entries)
    return Commit(IN, [id for id, _ in entries], me,
                  outputs={OUT: [{"of": d, "half": h} for d in good for h in "12"], DEAD: [{"of": d} for d in dead]},
                  hashes={BOOKS: {"a:bytes": -n, "a:records": -n, "b:records": 2 * len(good), "dead:records": len(dead)},
                          COUNT: (9999999999999, {"handed": len(good)})}, job=job)


def workload(r, seed):
    """Admissions, commits of one to three entries, refused ones of a zombie, adoptions, steps of a job. Answers what
    check() found after each commit."""
    rng, states = random.Random(seed), [check(r)]
    number = 0
    for round in range(ROUNDS):
        admit(r, range(number, number + 4))
        number += 4
        taken = r.xreadgroup("sp", "me", {IN: ">"}, count=3)[0][1]
        if rng.random() < 0.3:
            r.fcall("sp1_adopt", 1, IN, "sp", "me", "you", 256)
            assert "FENCED" in str(commit(taken, "me").settle(r))
            me = "you"
        else:
            me = "me"
        bad = [fields["data"] for _, fields in taken if rng.random() < 0.2]
        answer = commit(taken[:rng.randint(1, 3)], me, (JOB, str(round), 0, {"offset": round + 1}), bad).settle(r)
        assert isinstance(answer, list), answer
        states.append(check(r))
    return states


def check(r):
    """Books are a recount of what is there. Answers the entries handed on, and the offset of the job."""
    waiting = {fields["data"] for _, fields in r.xrange(IN)}
    handed = collections.Counter(fields["of"] for _, fields in r.xrange(OUT))
    dead = collections.Counter(fields["of"] for _, fields in r.xrange(DEAD))
    books = {k: int(v) for k, v in r.hgetall(BOOKS).items()}
    gone = handed.keys() | dead.keys()
    assert not waiting & gone and not handed.keys() & dead.keys()
    assert set(handed.values()) <= {2} and set(dead.values()) <= {1}
    assert waiting | gone == {str(n) for n in range(len(waiting | gone))}  # none is missing in between
    assert len(waiting | gone) == int(r.hget("sp:{0}:source:1", "rows") or 0)
    assert books.get("a:records", 0) == books.get("a:bytes", 0) == len(waiting)
    assert books.get("b:records", 0) == 2 * len(handed) and books.get("dead:records", 0) == len(dead)
    assert int(r.hget(COUNT, "handed") or 0) == len(handed)
    pending = r.xpending_range(IN, "sp", "-", "+", 10000)
    assert {p["message_id"] for p in pending} <= {id for id, _ in r.xrange(IN)}
    return len(gone), int(r.hget(JOB, "offset") or 0)


def finish(r):
    """Whatever was cut off is done again; in the end every entry was handed on once."""
    for name in ("me", "you"):
        r.fcall("sp1_adopt", 1, IN, "sp", name, "last", 256)
    own, new = (r.xreadgroup("sp", "last", {IN: at}, count=500) for at in ("0", ">"))
    left = [e for reply in (own, new) for e in (reply[0][1] if reply else [])]
    for i in range(0, len(left), 100):
        assert isinstance(commit(left[i:i + 100], "last").settle(r), list)


def go_on(r):
    """Work like any other, some of which stays in hand."""
    number = int(r.hget("sp:{0}:source:1", "rows") or 0)
    admit(r, range(number, number + 4))
    taken = r.xreadgroup("sp", "me", {IN: ">"}, count=2)[0][1]
    assert isinstance(commit(taken[:1], "me").settle(r), list)


def everything(r):
    """All that a restart must not change."""
    streams = {key: (r.xrange(key), r.xpending(key, "sp")) for key in (IN, OUT, DEAD)}
    return streams, {key: r.hgetall(key) for key in (BOOKS, COUNT, JOB, "sp:{0}:source:1")}


def cut_copy(whole, folder, at):
    """A server on what is left of another one's files."""
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("redis.*"))
    with log_of(folder).open("r+b") as file:
        file.truncate(at)
    return RedisServer(folder, appendfsync="no", **SETTINGS)


def test_aof_cut_anywhere(folder):
    with RedisServer(folder / "whole", appendfsync="always", **SETTINGS) as server:
        with server.client() as r:
            load_library(r)
            for topic in (IN, OUT, DEAD):
                r.xgroup_create(topic, "sp", "0", mkstream=True)
            start = log_of(server.folder).stat().st_size
            states = workload(r, seed=7)
        server.stop()
    log = log_of(folder / "whole")
    rng, size, seen = random.Random(11), log.stat().st_size, set()
    assert states[-1][1] == ROUNDS and size > start
    for cut in sorted(rng.randrange(start, size) for _ in range(CUTS)):
        with cut_copy(folder / "whole", folder / "cut", cut) as server:
            with server.client() as r:
                seen.add(check(r))
                go_on(r)
                left = everything(r)
            server.kill()
            server.start()
            with server.client() as r:
                assert everything(r) == left, cut
                check(r)
                finish(r)
                gone, _ = check(r)
                assert r.xlen(IN) == 0 and gone == int(r.hget("sp:{0}:source:1", "rows") or 0), cut
        shutil.rmtree(folder / "cut")
    assert seen <= set(states) and len(seen) > min(CUTS, ROUNDS) // 3  # whole commits, and many different ones


@pytest.fixture
def log(folder):
    """The file of a stopped server: five transactions."""
    with RedisServer(folder / "data", **SETTINGS) as server:
        with server.client() as r:
            for n in range(5):
                with r.pipeline(transaction=True) as p:
                    p.xadd(IN, {"data": n})
                    p.hincrby(BOOKS, "a:records", 1)
                    p.execute()
        server.stop()
    return log_of(folder / "data")


def redis_start(log, **environment):
    """What it says, and the exit status of the program that it becomes."""
    done = subprocess.run([REDIS_START, log.parent.parent, "/bin/sh", "-c", "exit 7"], capture_output=True, text=True,
                          env={**os.environ, **environment}, timeout=20)
    assert done.returncode == 7, done.stderr
    return done.stderr


def test_a_whole_file_is_left_alone(log):
    before = log.read_bytes(), log.stat().st_mtime_ns
    assert redis_start(log) == ""
    assert (log.read_bytes(), log.stat().st_mtime_ns) == before


@pytest.mark.parametrize("tail", [b"", b"\0" * 4096], ids=["torn", "zeros"])
def test_what_is_cut_is_told(log, tail):
    content = log.read_bytes()
    begin = content.rindex(b"*1\r\n$5\r\nMULTI")
    log.write_bytes(content[:-10] + tail)
    said = redis_start(log)
    assert log.read_bytes() == content[:begin]
    assert re.fullmatch(rf"redis-start: cut {len(content) - 10 + len(tail) - begin} bytes, half a transaction, "
                        rf"from the end of {log}; {begin} bytes are left\n", said)


def test_work_behind_the_damage_is_not_thrown_away(log):
    content = log.read_bytes()
    damaged = content.replace(b"MULTI", b"MUL\0I", 1)
    log.write_bytes(damaged)
    assert "with whole transactions behind it: not touched" in redis_start(log)
    assert log.read_bytes() == damaged
    with pytest.raises(RuntimeError, match="did not start"):  # and nobody goes on without it
        RedisServer(log.parent.parent, **SETTINGS).start()


def test_without_the_checker_it_warns(log, tmp_path):
    content = log.read_bytes()[:-10]
    log.write_bytes(content)
    assert "no redis-check-aof (package redis-tools)" in redis_start(log, PATH=str(tmp_path))
    assert log.read_bytes() == content
