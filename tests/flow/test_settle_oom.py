"""A full Redis: every commit that adds is refused whole, sp1_settle_oom drains it."""
import pytest
import redis

from library import Commit, dump

IN, OUT, BOOKS, JOB = "sp:{0}:a", "sp:{0}:b", "sp:{0}:books", "sp:{0}:job:1"


@pytest.fixture
def ids(r):
    for topic in (IN, OUT):
        r.xgroup_create(topic, "sp", "0", mkstream=True)
    ids = [r.xadd(IN, {"data": "x" * 100}) for _ in range(20)]
    r.hset(BOOKS, mapping={"a:records": 20})
    r.xreadgroup("sp", "me", {IN: ">"}, count=16)
    r.config_set("maxmemory", 1)
    return ids


def commit(ids, me="me", **changed):
    parts = {"outputs": {OUT: [{"data": "1", "n": "1"}, {"data": "2"}]}, "hashes": {BOOKS: {"a:records": -len(ids), "b:records": 2}}}
    return Commit(IN, ids, me, **{**parts, **changed})


def test_the_plain_commit_is_refused_whole(r, ids):
    before = dump(r)
    with pytest.raises(redis.exceptions.ResponseError, match="OOM command not allowed"):
        commit(ids[:1]).settle(r)
    assert dump(r) == before


def test_full_redis_drains(r, ids):
    for n, id in enumerate(ids[:16]):
        assert commit([id]).settle_oom(r) == [19 - n, 2 * n + 2]
    assert r.xlen(IN) == 4 and r.hgetall(BOOKS) == {"a:records": "4", "b:records": "32", "a:removed": "16"}
    assert [e[1] for e in r.xrange(OUT)] == [{"data": "1", "n": "1"}, {"data": "2"}] * 16
    assert r.fcall("sp1_adopt", 1, IN, "sp", "me", "other", 10) == [0, 0, 0]


def test_repeat_is_done_and_zombie_is_fenced(r, ids):
    commit(ids[:2]).settle_oom(r)
    r.xclaim(IN, "sp", "successor", 0, [ids[3]])
    before = dump(r)
    assert str(commit(ids[:2]).settle_oom(r)) == f"DONE {ids[0]}"
    assert str(commit(ids[2:4]).settle_oom(r)) == f"FENCED {ids[3]} successor"
    assert dump(r) == before


def test_repeat_of_a_plain_commit_whose_answer_was_lost(r, ids):
    r.config_set("maxmemory", 0)
    commit(ids[:2]).settle(r)
    r.config_set("maxmemory", 1)
    before = dump(r)
    assert str(commit(ids[:2]).settle_oom(r)) == f"DONE {ids[0]}"
    assert dump(r) == before


def test_a_job_goes_on(r, ids):
    step = commit(ids[:1], mode="hold", job=(JOB, "0", 0, {"offset": 10}))
    assert step.settle_oom(r) == [19, 2]
    assert str(step.settle_oom(r)) == "STALE 10"
    assert r.hgetall(JOB) == {"offset": "10"} and r.xlen(OUT) == 2


def test_an_output_that_takes_nothing_more(r, ids):
    """The last id of a stream is used up: XADD itself fails, behind an output that took its entries."""
    full = "sp:{0}:full"
    r.config_set("maxmemory", 0)
    r.xadd(full, {"x": "1"}, id="18446744073709551615-18446744073709551615")
    before = dump(r)
    c = commit(ids[:1], outputs={OUT: [{"data": "1"}], full: [{"data": "2"}]})
    assert str(c.settle_oom(r)).startswith(f"COMMIT XADD {full}: ")
    assert dump(r) == before


@pytest.mark.parametrize("nargs", [0, 1, 3, 5000, "", "x"])
def test_entries_that_are_none(r, ids, nargs):
    c = commit(ids[:1])
    before, args = dump(r), c.args_oom()
    args[len(c.args())] = nargs
    assert str(c.settle_oom(r, args)).startswith("BADARG")
    assert dump(r) == before


def test_door_is_shut(r, ids):
    """Nothing but what drains runs over the limit."""
    before = dump(r)
    with pytest.raises(redis.exceptions.ResponseError, match="OOM|used memory > 'maxmemory'"):
        r.fcall("sp1_admit", 4, OUT, BOOKS, "seen", "source", 1, 1000, 0, 0, 0, 0, 0)
    assert dump(r) == before
