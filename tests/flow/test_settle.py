"""sp1_settle: one commit, whole or not at all."""
import time

import pytest

from library import Commit, dump

IN, OUT, ALSO, BOOKS, COUNT, JOB = "sp:{0}:a", "sp:{0}:b", "sp:{0}:c", "sp:{0}:books", "sp:{0}:count:x:1", "sp:{0}:job:1"


def entries(n):
    return [{"data": f"line {i}", "n": "1"} for i in range(n)]


@pytest.fixture
def ids(r):
    """Ten entries in the input topic, eight of them with `me`, and topics to hand on to."""
    for topic in (IN, OUT, ALSO):
        r.xgroup_create(topic, "sp", "0", mkstream=True)
    ids = [r.xadd(IN, {"data": f"{i}" * 20}) for i in range(10)]
    r.hset(BOOKS, mapping={"a:bytes": 200, "a:records": 10})
    r.xreadgroup("sp", "me", {IN: ">"}, count=8)
    return ids


def commit(ids, me="me", **changed):
    parts = {"outputs": {OUT: entries(3), ALSO: entries(1)},
             "hashes": {BOOKS: {"a:bytes": -20 * len(ids), "a:records": -len(ids), "b:records": 4}, COUNT: {"york": 2}}}
    return Commit(IN, ids, me, **{**parts, **changed})


def test_commit_hands_on_and_counts(r, ids):
    assert commit(ids[:3]).settle(r) == [140, 7, 4, 2]
    assert [r.xlen(t) for t in (IN, OUT, ALSO)] == [7, 3, 1]
    assert r.hgetall(BOOKS) == {"a:bytes": "140", "a:records": "7", "b:records": "4", "a:removed": "3"}
    assert r.xpending(IN, "sp")["pending"] == 5
    assert [e[1]["data"] for e in r.xrange(OUT)] == ["line 0", "line 1", "line 2"]


def test_ids_in_any_order_and_with_others_between(r, ids):
    mine = [ids[5], ids[0], ids[3]]
    assert commit(mine, hashes={}).settle(r) == []
    assert {p["message_id"] for p in r.xpending_range(IN, "sp", "-", "+", 100)} == {*ids[:8]} - {*mine}


def test_keep_leaves_the_entry(r, ids):
    commit(ids[:1], mode="keep").settle(r)
    assert r.xlen(IN) == 10 and r.xpending(IN, "sp")["pending"] == 7


def test_repeat_after_a_lost_answer_is_done(r, ids):
    c = commit(ids[:3])
    c.settle(r)
    after = dump(r)
    assert str(c.settle(r)) == f"DONE {ids[0]}"
    assert dump(r) == after


def test_zombie_is_fenced_and_its_outputs_vanish(r, ids):
    r.xclaim(IN, "sp", "successor", 0, [ids[1]])
    before = dump(r)
    assert str(commit(ids[:3]).settle(r)) == f"FENCED {ids[1]} successor"
    assert dump(r) == before
    assert commit([ids[0], ids[2]]).settle(r) == [160, 8, 4, 2]


def test_undo_takes_only_what_this_exec_added(r, ids):
    r.xadd(OUT, {"data": "a stranger's"})
    before = dump(r)
    assert str(commit(ids[8:9], outputs={OUT: entries(150)}).settle(r)) == f"DONE {ids[8]}"
    assert dump(r) == before


def test_bad_record_goes_back_into_its_own_topic(r, ids):
    assert commit(ids[:1], outputs={IN: [{"data": "one", "try": "1"}]}, hashes={}).settle(r) == []
    assert [e[1].get("try") for e in r.xrange(IN)] == [None] * 9 + ["1"]
    before = dump(r)
    assert str(commit(ids[:1], outputs={IN: [{"data": "one", "try": "1"}]}).settle(r)) == f"DONE {ids[0]}"
    assert dump(r) == before


def test_job_moves_by_compare_and_set(r, ids):
    def step(at, to):
        return commit(ids[:1], mode="hold", job=(JOB, str(at), 0, {"offset": to, "row": to // 10}))
    assert step(0, 100).settle(r)[0] == 180
    assert r.hgetall(JOB) == {"offset": "100", "row": "10"} and r.xlen(IN) == 10 and r.xlen(OUT) == 3
    before = dump(r)
    assert str(step(0, 100).settle(r)) == "STALE 100"  # the repeat of a lost answer, or a slower twin
    assert dump(r) == before
    end = int(time.time() * 1000) + 60000
    last = commit(ids[:1], job=(JOB, "100", end, {"offset": 200, "state": "done"}))
    last.settle(r)
    assert r.hgetall(JOB) == {"offset": "200", "row": "10", "state": "done"} and r.xlen(IN) == 9
    assert r.execute_command("PEXPIRETIME", JOB) == end
    assert str(last.settle(r)) == f"DONE {ids[0]}"


def test_expiry_of_a_window(r, ids):
    at = int(time.time() * 1000) + 60000
    commit(ids[:1], hashes={BOOKS: {"a:bytes": -20}, COUNT: (at, {"york": 1})}).settle(r)
    assert r.execute_command("PEXPIRETIME", COUNT) == at and r.pttl(BOOKS) == -1
    commit(ids[1:2], hashes={COUNT: {"york": 1}}).settle(r)
    assert r.execute_command("PEXPIRETIME", COUNT) == at and r.hget(COUNT, "york") == "2"


def test_wakes_once_when_the_first_count_falls_to_the_mark(r, ids):
    with r.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe("sp:wake:b")
        for id in ids[:4]:  # 200 -> 180 -> 160 -> 140 -> 120
            commit([id], low=160, channel="sp:wake:b").settle(r)
        r.publish("sp:wake:b", "end")
        got = []
        deadline = time.monotonic() + 5
        while got[-1:] != ["end"] and time.monotonic() < deadline:
            message = heard.get_message(timeout=0.1)
            got += [message["data"]] if message else []
        assert got == ["160", "end"]


def test_field_twice_and_hash_twice_add_up(r, ids):
    keys = [IN, BOOKS, BOOKS]
    args = ["sp", "me", "del", 1, ids[0], 0, 2, 0, 2, "a:bytes", -20, "a:bytes", 7, 0, 1, "a:bytes", 3, 0, "", ""]
    assert r.fcall("sp1_settle", 3, *keys, *args) == [180, 187, 190]
    assert r.hget(BOOKS, "a:bytes") == "190"


@pytest.mark.parametrize("was, delta", [(2**53 - 2, 1), (-2**53 + 2, -1), (9007199254740990, -9007199254740990),
                                        (123456789012345, 987654321098765)])
def test_counts_are_exact_up_to_2_to_the_53(r, ids, was, delta):
    r.hset(BOOKS, "big", was)
    assert commit(ids[:1], hashes={BOOKS: {"big": delta}}).settle(r) == [was + delta]
    assert r.hget(BOOKS, "big") == str(was + delta)


def test_256_ids_are_the_most(r):
    r.xgroup_create(IN, "sp", "0", mkstream=True)
    ids = [r.xadd(IN, {"data": "x"}) for _ in range(257)]
    r.xreadgroup("sp", "me", {IN: ">"}, count=300)
    before = dump(r)
    assert str(commit(ids, outputs={}).settle(r)) == "BADARG 4"
    assert dump(r) == before
    assert commit(ids[:256], outputs={}, hashes={}).settle(r) == []
    assert r.xlen(IN) == 1


def test_window_of_many_keys(r, ids):
    fields = {f"k{i}": i for i in range(2500)}
    at = int(time.time() * 1000) + 60000
    assert commit(ids[:1], hashes={COUNT: (at, fields)}).settle(r) == list(range(2500))
    assert r.hgetall(COUNT) == {k: str(v) for k, v in fields.items()} and r.execute_command("PEXPIRETIME", COUNT) == at
    r.hset(COUNT, "k2400", "text")
    before = dump(r)
    assert str(commit(ids[1:2], hashes={COUNT: (at, fields)}).settle(r)) == f"COUNT {COUNT} k2400"
    assert dump(r) == before


def test_missing_function_leaves_what_was_added(r, ids):
    """EXEC does not know the names of functions: the XADDs stay, and the client deletes at once the ids it got."""
    r.function_delete("standpipe_1")
    *added, last = commit(ids[:1]).send(r)
    assert str(last) == "Function not found"
    assert [e[0] for t in (OUT, ALSO) for e in r.xrange(t)] == added
    assert r.xpending(IN, "sp")["pending"] == 8 and r.hget(BOOKS, "a:bytes") == "200"
